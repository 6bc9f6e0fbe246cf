//! Which picture fits a dish, by the words of its English name and of its category.

use super::Dish;

/// Words, and what they show; the first that stands in a name counts.
const WORDS: &[(&str, Dish)] = &[
    ("pizza", Dish::Pizza),
    ("calzone", Dish::Pizza),
    ("flatbread", Dish::Pizza),
    ("manakish", Dish::Pizza),
    ("ice cream", Dish::IceCream),
    ("gelato", Dish::IceCream),
    ("sorbet", Dish::IceCream),
    ("mochi", Dish::IceCream),
    ("kulfi", Dish::IceCream),
    ("affogato", Dish::IceCream),
    ("milkshake", Dish::Drink),
    ("shake", Dish::Drink),
    ("lassi", Dish::Drink),
    ("lemonade", Dish::Drink),
    ("juice", Dish::Drink),
    ("water", Dish::Drink),
    ("cola", Dish::Drink),
    ("iced", Dish::Drink),
    ("soda", Dish::Drink),
    ("spritz", Dish::Drink),
    ("lager", Dish::Beer),
    ("beer", Dish::Beer),
    ("ale", Dish::Beer),
    ("espresso", Dish::Coffee),
    ("coffee", Dish::Coffee),
    ("cappuccino", Dish::Coffee),
    ("melange", Dish::Coffee),
    ("tea", Dish::Coffee),
    ("salad", Dish::Salad),
    ("slaw", Dish::Salad),
    ("ramen", Dish::Ramen),
    ("udon", Dish::Ramen),
    ("soba", Dish::Ramen),
    ("noodle", Dish::Ramen),
    ("pad thai", Dish::Ramen),
    ("soup", Dish::Soup),
    ("broth", Dish::Soup),
    ("minestrone", Dish::Soup),
    ("tom kha", Dish::Soup),
    ("bowl", Dish::Bowl),
    ("poke", Dish::Bowl),
    ("donburi", Dish::Bowl),
    ("burger", Dish::Burger),
    ("cheeseburger", Dish::Burger),
    ("taco", Dish::Tacos),
    ("quesadilla", Dish::Tacos),
    ("nacho", Dish::Tacos),
    ("enchilada", Dish::Tacos),
    ("tostada", Dish::Tacos),
    ("burrito", Dish::Kebab),
    ("wrap", Dish::Kebab),
    ("kebab", Dish::Kebab),
    ("shawarma", Dish::Kebab),
    ("falafel", Dish::Kebab),
    ("pita", Dish::Kebab),
    ("nigiri", Dish::Sushi),
    ("maki", Dish::Sushi),
    ("sashimi", Dish::Sushi),
    ("sushi", Dish::Sushi),
    ("curry", Dish::Curry),
    ("butter chicken", Dish::Curry),
    ("fried rice", Dish::Curry),
    ("rice with", Dish::Curry),
    ("masala", Dish::Curry),
    ("korma", Dish::Curry),
    ("vindaloo", Dish::Curry),
    ("paneer", Dish::Curry),
    ("lentil", Dish::Curry),
    ("biryani", Dish::Curry),
    ("goulash", Dish::Curry),
    ("stew", Dish::Curry),
    ("spaghetti", Dish::Pasta),
    ("tagliatelle", Dish::Pasta),
    ("penne", Dish::Pasta),
    ("gnocchi", Dish::Pasta),
    ("lasagne", Dish::Pasta),
    ("ravioli", Dish::Pasta),
    ("linguine", Dish::Pasta),
    ("mac and cheese", Dish::Pasta),
    ("schnitzel", Dish::Schnitzel),
    ("cordon bleu", Dish::Schnitzel),
    ("fried chicken", Dish::Schnitzel),
    ("katsu", Dish::Schnitzel),
    ("wings", Dish::Schnitzel),
    ("dumpling", Dish::Dumplings),
    ("gyoza", Dish::Dumplings),
    ("samosa", Dish::Dumplings),
    ("pancake", Dish::Pancakes),
    ("waffle", Dish::Pancakes),
    ("bream", Dish::Fish),
    ("salmon", Dish::Fish),
    ("fish in", Dish::Fish),
    ("trout", Dish::Fish),
    ("steak", Dish::Steak),
    ("roast", Dish::Steak),
    ("boiled beef", Dish::Steak),
    ("skewer", Dish::Steak),
    ("ribs", Dish::Steak),
    ("chips", Dish::Fries),
    ("fries", Dish::Fries),
    ("onion rings", Dish::Fries),
    ("sandwich", Dish::Sandwich),
    ("bruschetta", Dish::Sandwich),
    ("toast", Dish::Sandwich),
    ("cake", Dish::Cake),
    ("cheesecake", Dish::Cake),
    ("tiramisù", Dish::Cake),
    ("brownie", Dish::Cake),
    ("tiramisu", Dish::Cake),
    ("strudel", Dish::Cake),
    ("tart", Dish::Cake),
    ("pie", Dish::Cake),
    ("baklava", Dish::Cake),
];

/// Categories of which all dishes look alike.
const CATEGORIES: &[(&str, Dish)] = &[
    ("curries", Dish::Curry),
    ("from the wok", Dish::Curry),
    ("in bread", Dish::Kebab),
    ("pizza", Dish::Pizza),
    ("nigiri", Dish::Sushi),
    ("rolls", Dish::Sushi),
];

impl Dish {
    /// What a dish of this name looks like, or else one of its category; nothing where neither says.
    pub(crate) fn of(name: &str, category: &str) -> Option<Self> {
        named(name, WORDS).or_else(|| named(category, CATEGORIES))
    }
}

/// The first word of a table that stands in a text, found where a word begins: what ends like another is not it.
fn named(text: &str, words: &[(&str, Dish)]) -> Option<Dish> {
    let text = text.to_lowercase();
    let begins = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric())
    };
    let stands = |word: &str| text.match_indices(word).any(|(at, _)| begins(at));
    let found = words.iter().find(|(word, _)| stands(word));
    found.map(|(_, dish)| *dish)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_seen() {
        for (name, category, dish) in [
            ("Beef broth with pancake strips", "Soups", Some(Dish::Soup)),
            ("Salad with fried chicken", "Salads", Some(Dish::Salad)),
            ("Cheesecake", "Shakes and sweets", Some(Dish::Cake)),
            ("Lamb with onions", "Curries with meat", Some(Dish::Curry)),
            ("Chicken in bread", "In bread", Some(Dish::Kebab)),
            ("Head cheese in vinegar", "Small plates", None),
        ] {
            assert_eq!(Dish::of(name, category), dish, "{name}");
        }
    }
}
