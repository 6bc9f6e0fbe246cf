//! Answers whose bytes are there already: packed once, tagged once, and sent many times without being copied.
//!
//! Pages of our own and what was published are answered so. The gate adds its headers to such an answer, compares the
//! tag with what the caller has, and neither packs nor hashes anything again.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
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

/// An answer in one form: its bytes, its strong tag, and how it may be kept. Clones share everything.
///
/// Of thousands of answers each is asked for now and then, and what is touched of one is not in the processor's memory
/// by then. So it holds its tag itself, and of its headers only texts that all such answers share.
#[derive(Clone, Debug)]
pub struct Packed(Arc<Form>);

#[derive(Clone, Debug)]
struct Form {
    media_type: &'static str,
    /// What `Cache-Control` says.
    keeping: &'static str,
    /// On which headers of the request it depends.
    varies: Option<&'static str>,
    /// Made of the content before it was packed.
    tag: Tag,
    encoding: Encoding,
    body: Bytes,
}

impl Packed {
    /// Takes a content as it is. Its tag is made of the content, so it is the same on every node.
    pub fn new(media_type: &'static str, content: impl Into<Bytes>) -> Self {
        let body = content.into();
        Self(Arc::new(Form {
            media_type,
            keeping: NO_CACHE,
            varies: None,
            tag: Tag::of(&body),
            encoding: Encoding::Identity,
            body,
        }))
    }

    /// Lets it be kept as this says, in the words of `Cache-Control`.
    #[must_use]
    pub fn kept(self, keeping: &'static str) -> Self {
        let mut form = Arc::unwrap_or_clone(self.0);
        form.keeping = keeping;
        Self(Arc::new(form))
    }

    /// Says on which headers of the request it depends besides those on which all answers do.
    #[must_use]
    pub fn varies(self, names: &'static str) -> Self {
        let mut form = Arc::unwrap_or_clone(self.0);
        form.varies = Some(names);
        Self(Arc::new(form))
    }

    /// Packs it as well as is sensible for what is sent many times, which takes milliseconds: do it at the start, or
    /// where nobody waits on the same thread. What does not become smaller stays as it is.
    #[must_use]
    pub fn packed(&self, encoding: Encoding) -> Self {
        let body = match encoding {
            Encoding::Identity => return self.clone(),
            Encoding::Gzip => compress::gzip(&self.0.body, compress::Effort::Most),
            Encoding::Brotli => compress::brotli(&self.0.body, compress::Effort::Most),
            Encoding::Zstd => compress::zstd(&self.0.body),
        };
        if body.len() >= self.0.body.len() {
            return self.clone();
        }
        Self(Arc::new(Form {
            encoding,
            body,
            ..Form::clone(&self.0)
        }))
    }

    /// The bytes that are sent.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// The form they are in.
    pub fn encoding(&self) -> Encoding {
        self.0.encoding
    }

    /// About how many bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        const FORM_BYTES: usize = 256;
        self.0.body.len().saturating_add(FORM_BYTES)
    }
}

impl IntoResponse for Packed {
    fn into_response(self) -> Response {
        let Form {
            media_type,
            keeping,
            varies,
            tag,
            encoding,
            body,
        } = &*self.0;
        let mut response = Response::new(Body::from(body.clone()));
        let headers = response.headers_mut();
        // With room for what the gate adds, so that the map is never laid out anew.
        headers.reserve(finish::HEADERS);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(keeping));
        headers.extend(tag.value(*encoding).map(|tag| (ETAG, tag)));
        // Says `identity` where nothing was packed, by which the gate knows that this was chosen; it takes that out.
        let name = HeaderValue::from_static(encoding.name());
        headers.insert(CONTENT_ENCODING, name);
        headers.extend(varies.map(|names| (VARY, HeaderValue::from_static(names))));
        response
    }
}

/// A file in all forms, packed once at the start.
#[derive(Clone, Debug)]
pub struct Variants([Packed; 4]);

impl Variants {
    /// Packs a file as well as it goes; do it at the start, not in a request.
    pub fn new(media_type: &'static str, content: impl Into<Bytes>) -> Self {
        Self::of(Packed::new(media_type, content))
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
