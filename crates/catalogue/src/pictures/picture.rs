//! A picture as it is kept: what was made of an upload, in which sizes, under which names.

use std::fmt;
use std::str::FromStr;

use carte::PictureId;
use fabric::blobs::BlobId;
use serde::{Deserialize, Serialize};

/// The sizes in which a picture is shown. None is larger than what was uploaded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// For lists.
    Small,
    /// For cards.
    Medium,
    /// For a whole page.
    Large,
}

/// What the bytes of all sizes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Where everything can be seen through nothing.
    Jpeg,
    /// Where something can be seen through, without loss.
    Webp,
}

/// A picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// Which one.
    pub id: PictureId,
    /// What it looks like.
    pub look: Look,
    /// When it was uploaded.
    pub created_at: base::Time,
}

/// What a picture looks like: the payload of the event by which it came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Look {
    /// How wide the upload was, as it is seen.
    pub width: u32,
    /// How high the upload was, as it is seen.
    pub height: u32,
    /// The colour of all of it together, to be shown until it is there: `#c8843a`.
    pub colour: String,
    /// What the bytes of all sizes are.
    pub format: Format,
    /// The sizes, the smallest first.
    pub sizes: Vec<Shown>,
}

/// One size of a picture.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shown {
    /// Which one.
    pub size: Size,
    /// How wide it is.
    pub width: u32,
    /// How high it is.
    pub height: u32,
    /// How many bytes it has.
    pub bytes: u32,
    /// The blob that holds them.
    #[serde(with = "hex")]
    pub blob: BlobId,
}

impl Size {
    /// All of them, the smallest first.
    pub const ALL: [Size; 3] = [Size::Small, Size::Medium, Size::Large];

    /// How it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Size::Small => "small",
            Size::Medium => "medium",
            Size::Large => "large",
        }
    }

    /// The most pixels of its longer side.
    #[must_use]
    pub const fn side_max(self) -> u32 {
        match self {
            Size::Small => 160,
            Size::Medium => 480,
            Size::Large => 1_200,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Format {
    /// How it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "jpeg",
            Format::Webp => "webp",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        [Format::Jpeg, Format::Webp]
            .into_iter()
            .find(|format| format.name() == name)
    }

    /// What it is called to browsers.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Webp => "image/webp",
        }
    }
}

impl Look {
    /// The blobs of all sizes, each once: what is small is the same in all of them.
    #[must_use]
    pub fn blobs(&self) -> Vec<BlobId> {
        let mut blobs: Vec<BlobId> = self.sizes.iter().map(|shown| shown.blob).collect();
        blobs.sort_unstable();
        blobs.dedup();
        blobs
    }

    /// One of the sizes.
    #[must_use]
    pub fn shown(&self, size: Size) -> Option<&Shown> {
        self.sizes.iter().find(|shown| shown.size == size)
    }
}

/// The names of blobs as texts.
mod hex {
    use super::{BlobId, Deserialize, FromStr as _};
    use serde::{Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(blob: &BlobId, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(blob)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<BlobId, D::Error> {
        let text = std::borrow::Cow::<'a, str>::deserialize(from)?;
        BlobId::from_str(&text).map_err(de::Error::custom)
    }
}
