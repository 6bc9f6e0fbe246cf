//! Pictures as they are shown to those who have them.

use base::Time;
use carte::PictureId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::picture::{Picture, Shown, Size};

/// A picture of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PictureView {
    /// Which one.
    #[schema(value_type = String, pattern = "^pic_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    pub id: PictureId,
    /// How wide the upload was, as it is seen.
    #[schema(minimum = 1, maximum = 12_000)]
    pub width: u32,
    /// How high the upload was, as it is seen.
    #[schema(minimum = 1, maximum = 12_000)]
    pub height: u32,
    /// The colour of all of it together, to be shown until it is there.
    #[schema(pattern = "^#[0-9a-f]{6}$", example = "#c8843a")]
    pub colour: String,
    /// The sizes in which it is shown, the smallest first. None is larger than the upload.
    pub sizes: Vec<SizeView>,
    /// When it was uploaded.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
}

/// One size of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SizeView {
    /// Which one.
    #[schema(value_type = SizeName)]
    pub size: Size,
    /// How wide it is.
    #[schema(minimum = 1, maximum = 1_200)]
    pub width: u32,
    /// How high it is.
    #[schema(minimum = 1, maximum = 1_200)]
    pub height: u32,
    /// How many bytes it has.
    #[schema(minimum = 1)]
    pub bytes: u32,
    /// Where everybody gets it.
    #[schema(example = "/api/pictures/pic_01k9xq4r7vc8b0t2m5n6p7q8r9/small")]
    pub url: String,
}

/// How large a picture is shown.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(
    dead_code,
    reason = "the document shows it in place of the type itself"
)]
pub(crate) enum SizeName {
    /// At most 160 pixels on its longer side.
    Small,
    /// At most 480.
    Medium,
    /// At most 1200.
    Large,
}

impl From<&Picture> for PictureView {
    fn from(picture: &Picture) -> Self {
        let (id, look) = (picture.id, &picture.look);
        let size = |shown: &Shown| SizeView {
            size: shown.size,
            width: shown.width,
            height: shown.height,
            bytes: shown.bytes,
            url: format!("/api/pictures/{id}/{}", shown.size),
        };
        PictureView {
            id,
            width: look.width,
            height: look.height,
            colour: look.colour.clone(),
            sizes: look.sizes.iter().map(size).collect(),
            created_at: picture.created_at,
        }
    }
}
