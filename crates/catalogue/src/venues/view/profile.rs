//! What a restaurant says of itself.

use std::collections::BTreeMap;

use base::Result;
use carte::{Key, Language, PictureId, Words};
use domain::venues::{Phone, Position, Profile};
use serde::{Deserialize, Serialize};
use slice::wrong;
use utoipa::ToSchema;

use super::{given, words};
use crate::venues::app::Scene;

/// A text: in the language of the restaurant, and perhaps in others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct VenueWords {
    /// In the language of the restaurant.
    #[schema(min_length = 1, max_length = 2000)]
    main: String,
    /// In at most 20 others, by language: `de`, `pt-BR`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    other: BTreeMap<String, String>,
}

/// A place on the ground, in degrees; a millionth of one is kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct VenuePosition {
    /// North of the equator.
    #[schema(minimum = -90, maximum = 90)]
    pub(super) lat: f64,
    /// East of Greenwich.
    #[schema(minimum = -180, maximum = 180)]
    pub(super) lng: f64,
}

/// What a restaurant says of itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileView {
    /// What is cooked; the first one first.
    cuisines: Vec<String>,
    /// A few words about it.
    description: Option<VenueWords>,
    /// What it looks like.
    #[schema(value_type = Option<String>, pattern = "^pic_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    picture: Option<PictureId>,
    /// Where it is.
    position: Option<VenuePosition>,
    /// How to call it.
    phone: Option<String>,
    /// The version of the profile, to be sent along with the next change; 0 when nothing was said yet.
    #[schema(minimum = 0)]
    pub(crate) version: i64,
}

/// What changes of what a restaurant says of itself. What is left out stays, what is null goes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ProfileEdit {
    /// What is cooked, the first one first: `italian`, `sushi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 5)]
    cuisines: Option<Vec<CuisineKey>>,
    /// A few words about it.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<VenueWords>)]
    description: Option<Option<VenueWords>>,
    /// What it looks like.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>, pattern = "^pic_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    picture: Option<Option<PictureId>>,
    /// Where it is.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<VenuePosition>)]
    position: Option<Option<VenuePosition>>,
    /// How to call it: + and digits.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>, pattern = "^\\+[1-9][0-9]{6,14}$", max_length = 16)]
    phone: Option<Option<String>>,
    /// The version that was read; if it has another one by now, nothing is changed.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) version: i64,
}

/// The short name of a cuisine.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(
    pattern = "^[a-z0-9][a-z0-9-]{0,39}$",
    max_length = 40,
    example = "italian"
)]
pub(crate) struct CuisineKey(String);

impl VenueWords {
    pub(super) fn words(&self) -> std::result::Result<Words, String> {
        let mut all = Words::parse(&self.main).map_err(|error| error.to_string())?;
        for (language, text) in &self.other {
            let language: Language = language
                .parse()
                .map_err(|error: carte::LanguageError| error.to_string())?;
            all = all
                .with(language, text)
                .map_err(|error| error.to_string())?;
        }
        Ok(all)
    }
}

impl From<&Words> for VenueWords {
    fn from(words: &Words) -> Self {
        let other = words.other().iter();
        VenueWords {
            main: words.main().to_owned(),
            other: other
                .map(|(language, text)| (language.to_string(), text.clone()))
                .collect(),
        }
    }
}

impl VenuePosition {
    pub(super) fn position(self, field: &'static str) -> Result<Position> {
        Position::of_degrees(self.lat, self.lng).map_err(|error| wrong(field, error.to_string()))
    }
}

impl From<Position> for VenuePosition {
    fn from(position: Position) -> Self {
        let (lat, lng) = position.degrees();
        VenuePosition { lat, lng }
    }
}

impl From<&Scene> for ProfileView {
    fn from(scene: &Scene) -> Self {
        let profile = &scene.venue.profile;
        ProfileView {
            cuisines: profile.cuisines.iter().map(Key::to_string).collect(),
            description: profile.description.as_ref().map(Into::into),
            picture: profile.picture,
            position: profile.position.map(Into::into),
            phone: profile.phone.as_ref().map(Phone::to_string),
            version: scene.venue.versions.profile,
        }
    }
}

impl ProfileEdit {
    /// What becomes of a profile.
    pub(crate) fn over(&self, was: &Profile) -> Result<Profile> {
        let mut next = was.clone();
        if let Some(cuisines) = &self.cuisines {
            let keys = cuisines.iter().map(|key| key.0.parse::<Key>());
            let keys: std::result::Result<_, _> = keys.collect();
            next.cuisines = keys.map_err(|error| wrong("cuisines", error.to_string()))?;
        }
        if let Some(description) = &self.description {
            let typed = description
                .as_ref()
                .map(|typed| words("description", typed));
            next.description = typed.transpose()?;
        }
        if let Some(picture) = self.picture {
            next.picture = picture;
        }
        if let Some(position) = self.position {
            next.position = position
                .map(|typed| typed.position("position"))
                .transpose()?;
        }
        if let Some(phone) = &self.phone {
            let phone = phone.as_ref().map(|phone| phone.parse::<Phone>());
            let phone = phone.transpose();
            next.phone = phone.map_err(|error| wrong("phone", error.to_string()))?;
        }
        next.checked()
            .map_err(|refusal| wrong("cuisines", refusal.to_string()))
    }
}
