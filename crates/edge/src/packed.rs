//! Answers whose bytes are there already: packed once, tagged once, and sent many times without being copied.
//!
//! Pages of our own and what was published are answered so. The gate adds its headers to such an answer, compares the
//! tag with what the caller has, and neither packs nor hashes anything again.

use std::hint::black_box;
use std::iter;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use fabric::Held;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::request::Parts;

use crate::extract::passage;
use crate::gate::compress::{self, Accepted};
use crate::gate::conditional::Tag;
use crate::gate::finish;
use crate::{Answer, Problem};

/// May be kept, and is asked for again each time: `If-None-Match` makes that cheap.
const NO_CACHE: &str = "no-cache";

/// A form in which bytes travel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// For everybody.
    Gzip,
    /// For browsers: the smallest.
    Brotli,
    /// For newer browsers and programs: the quickest to unpack.
    Zstd,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Gzip, Self::Brotli, Self::Zstd];

    /// Gives the name that headers show.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// What forms the caller takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accepts(Accepted);

impl Accepts {
    /// Gives the smallest form that the caller takes.
    pub fn best(self) -> Encoding {
        match self.0 {
            Accepted { brotli: true, .. } => Encoding::Brotli,
            Accepted { zstd: true, .. } => Encoding::Zstd,
            Accepted { gzip: true, .. } => Encoding::Gzip,
            Accepted { .. } => Encoding::Identity,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Accepts {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Answer<Self> {
        Ok(Self(passage(&parts.extensions)?.accepted))
    }
}

/// What the headers of all answers of one sort say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sort {
    media_type: &'static str,
    /// What `Cache-Control` says.
    keeping: &'static str,
    /// On which headers of the request they depend.
    varies: Option<&'static str>,
}

impl Sort {
    /// Answers of a media type, which are asked for again each time.
    pub const fn of(media_type: &'static str) -> Self {
        Self {
            media_type,
            keeping: NO_CACHE,
            varies: None,
        }
    }

    /// Lets them be kept as this says, in the words of `Cache-Control`.
    #[must_use]
    pub const fn kept(self, keeping: &'static str) -> Self {
        Self { keeping, ..self }
    }

    /// Says on which headers of the request they depend besides those on which all answers do.
    #[must_use]
    pub const fn varies(self, names: &'static str) -> Self {
        Self {
            varies: Some(names),
            ..self
        }
    }

    /// Their media type.
    pub const fn media_type(&self) -> &'static str {
        self.media_type
    }
}

/// An answer in one form: its bytes, its strong tag, and its sort. Clones share the bytes.
///
/// Of thousands of answers each is asked for now and then, and what is touched of one is not in the processor's memory
/// by then. So it holds its tag itself, what its headers say lies where it is the same for all of its sort, and where
/// its bytes are is said first.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Packed {
    body: Bytes,
    /// Made of the content before it was packed.
    tag: Tag,
    sort: &'static Sort,
    encoding: Encoding,
}

impl Packed {
    /// Takes a content as it is. Its tag is made of the content, so it is the same on every node.
    pub fn new(sort: &'static Sort, content: impl Into<Bytes>) -> Self {
        let body = content.into();
        Self {
            tag: Tag::of(&body),
            body,
            sort,
            encoding: Encoding::Identity,
        }
    }

    /// Packs it as well as is sensible for what is sent many times, which takes milliseconds: do it at the start, or
    /// where nobody waits on the same thread. What does not become smaller stays as it is.
    #[must_use]
    pub fn packed(&self, encoding: Encoding) -> Self {
        let body = match encoding {
            Encoding::Identity => return self.clone(),
            Encoding::Gzip => compress::gzip(&self.body, compress::Effort::Most),
            Encoding::Brotli => compress::brotli(&self.body, compress::Effort::Most),
            Encoding::Zstd => compress::zstd(&self.body),
        };
        if body.len() >= self.body.len() {
            return self.clone();
        }
        Self {
            body,
            encoding,
            ..self.clone()
        }
    }

    /// The bytes that are sent.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The form they are in.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// About how many bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        const FORM_BYTES: usize = 256;
        self.body.len().saturating_add(FORM_BYTES)
    }

    fn response(&self, body: Bytes) -> Response {
        let mut response = Response::new(Body::from(body));
        let sort = self.sort;
        let headers = response.headers_mut();
        // With room for what the gate adds, so that the map is never laid out anew.
        headers.reserve(finish::HEADERS);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(sort.media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(sort.keeping));
        headers.extend(self.tag.value(self.encoding).map(|tag| (ETAG, tag)));
        // Says `identity` where nothing was packed, by which the gate knows that this was chosen; it takes that out.
        let name = HeaderValue::from_static(self.encoding.name());
        headers.insert(CONTENT_ENCODING, name);
        let varies = sort.varies.map(HeaderValue::from_static);
        headers.extend(varies.map(|names| (VARY, names)));
        response
    }
}

impl IntoResponse for Packed {
    fn into_response(self) -> Response {
        let body = self.body.clone();
        self.response(body)
    }
}

/// A packed answer that a cache keeps, sent from where it lies. Its bytes have no counter of their own then: what is
/// counted is the entry, which was looked at anyway.
#[derive(Clone, Debug)]
pub struct Shelved(pub Held<Packed>);

impl AsRef<[u8]> for Shelved {
    fn as_ref(&self) -> &[u8] {
        &self.0.body
    }
}

impl IntoResponse for Shelved {
    fn into_response(self) -> Response {
        call_up(&self.0.body);
        let packed = self.0.clone();
        packed.response(Bytes::from_owner(self))
    }
}

/// Has the first pages of what is about to be sent come from memory all at once, beside the making of the headers: the
/// system would fetch them one after the other when it copies them.
fn call_up(body: &[u8]) {
    const PAGE_BYTES: usize = 4096;
    const PAGES_MAX: usize = 8;
    let to_border = PAGE_BYTES - body.as_ptr().addr() % PAGE_BYTES;
    let borders = (to_border..body.len()).step_by(PAGE_BYTES);
    for at in iter::once(0).chain(borders).take(PAGES_MAX) {
        black_box(body.get(at).copied());
    }
}

/// A file in all forms, packed once at the start.
#[derive(Clone, Debug)]
pub struct Variants([Packed; 4]);

impl Variants {
    /// Packs a file as well as it goes; do it at the start, not in a request.
    pub fn new(sort: &'static Sort, content: impl Into<Bytes>) -> Self {
        Self::of(Packed::new(sort, content))
    }

    /// Packs an answer in all forms.
    pub fn of(plain: Packed) -> Self {
        Self(Encoding::ALL.map(|encoding| plain.packed(encoding)))
    }

    /// Takes an answer that is too small to be packed: it is sent as it is to everybody.
    pub fn plain(plain: Packed) -> Self {
        Self(Encoding::ALL.map(|_| plain.clone()))
    }

    /// Gives the smallest form that the caller takes.
    pub fn choose(&self, accepts: Accepts) -> Packed {
        let [plain, gzip, brotli, zstd] = &self.0;
        let chosen = match accepts.best() {
            Encoding::Identity => plain,
            Encoding::Gzip => gzip,
            Encoding::Brotli => brotli,
            Encoding::Zstd => zstd,
        };
        chosen.clone()
    }
}
