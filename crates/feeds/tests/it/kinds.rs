//! Every kind of event of the log is in one of the two lists.

use store::Fold;

#[test]
fn every_kind_of_the_log_is_public_or_private() {
    let folds: [&[&Fold]; 3] = [platform::FOLDS, catalogue::FOLDS, commerce::FOLDS];
    let kinds = folds.into_iter().flatten().flat_map(|fold| fold.kinds);
    let unlisted: Vec<_> = kinds
        .filter(|kind| !feeds::kinds::is_listed(kind))
        .collect();
    assert_eq!(
        unlisted,
        Vec::<&&str>::new(),
        "say in crates/feeds/src/kinds.rs whether the outside may read them"
    );
}
