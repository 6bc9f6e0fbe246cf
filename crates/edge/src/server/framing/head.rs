//! One request head: what its lines say about where its body ends and whom it is for.

/// Methods are capital letters and dashes; the longest that is registered has sixteen.
const METHOD_MAX: usize = 20;
/// Nineteen digits fit into 64 bits.
const LENGTH_DIGITS_MAX: usize = 19;
/// What must come in the head, where it can be acted upon, and so never in a trailer; nor may a client ask that
/// a proxy drop it on the way.
const NOT_HOP_BY_HOP: [&[u8]; 10] = [
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"cookie",
    b"forwarded",
    b"host",
    b"idempotency-key",
    b"transfer-encoding",
    b"x-forwarded-for",
];
/// The first line of the preface of HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// Where the body of a request ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Body {
    None,
    Sized(u64),
    Chunked,
}

#[derive(Debug, Default)]
pub(super) struct Head {
    version: Version,
    /// The authority of an absolute target.
    authority: Option<Vec<u8>>,
    /// Empty as long as none was named.
    host: Vec<u8>,
    length: Option<u64>,
    coding: Coding,
    upgrade: Upgrade,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Version {
    #[default]
    Http11,
    Http10,
    /// Not a request at all but the beginning of HTTP/2.
    Preface,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Coding {
    #[default]
    None,
    Chunked,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Upgrade {
    #[default]
    No,
    Asked,
}

impl Head {
    /// Begins the next head, in the room that the last one took.
    pub(super) fn begin(&mut self) {
        let mut host = std::mem::take(&mut self.host);
        host.clear();
        *self = Self {
            host,
            ..Self::default()
        };
    }

    pub(super) fn is_preface(&self) -> bool {
        self.version == Version::Preface
    }

    pub(super) fn asked_upgrade(&self) -> bool {
        self.upgrade == Upgrade::Asked
    }

    pub(super) fn request_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if line == PREFACE {
            self.version = Version::Preface;
            return Ok(());
        }
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err("a request line is not three words");
        };
        self.version = match version {
            b"HTTP/1.1" => Version::Http11,
            b"HTTP/1.0" => Version::Http10,
            _ => return Err("a version of HTTP is unknown"),
        };
        let letter = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'-';
        if method.is_empty() || method.len() > METHOD_MAX || !method.iter().all(letter) {
            return Err("a method is not capital letters");
        }
        self.target(method, target)
    }

    fn target(&mut self, method: &[u8], target: &[u8]) -> Result<(), &'static str> {
        if !all(target, |byte| byte.is_ascii_graphic() && byte != b'#') {
            return Err("a target has a byte that it must not have");
        }
        match target {
            [b'/', ..] => Ok(()),
            b"*" if method == b"OPTIONS" => Ok(()),
            _ => {
                let rest =
                    without_scheme(target).ok_or("a target is neither a path nor an address")?;
                let end = rest
                    .iter()
                    .position(|byte| matches!(byte, b'/' | b'?'))
                    .unwrap_or(rest.len());
                let authority = rest.get(..end).unwrap_or_default();
                self.authority = Some(plain_authority(authority)?.to_vec());
                Ok(())
            }
        }
    }

    pub(super) fn field(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let (name, value) = name_and_value(line)?;
        // Few names matter here, and all of them are told from others by their length and first letter.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.coding(value),
            10 if name.eq_ignore_ascii_case(b"connection") => connection(value),
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade = Upgrade::Asked;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn host(&mut self, value: &[u8]) -> Result<(), &'static str> {
        if !self.host.is_empty() {
            return Err("a request names its host twice");
        }
        self.host.extend_from_slice(plain_authority(value)?);
        Ok(())
    }

    fn length(&mut self, value: &[u8]) -> Result<(), &'static str> {
        if self.length.is_some() {
            return Err("a request gives its length twice");
        }
        let digits = value.iter().all(u8::is_ascii_digit);
        if value.is_empty() || value.len() > LENGTH_DIGITS_MAX || !digits {
            return Err("a length is not a number");
        }
        let length = value.iter().fold(0_u64, |length, digit| {
            length
                .saturating_mul(10)
                .saturating_add(u64::from(digit.saturating_sub(b'0')))
        });
        self.length = Some(length);
        Ok(())
    }

    fn coding(&mut self, value: &[u8]) -> Result<(), &'static str> {
        if self.coding != Coding::None || !value.eq_ignore_ascii_case(b"chunked") {
            return Err("a transfer coding is not just chunked");
        }
        self.coding = Coding::Chunked;
        Ok(())
    }

    /// Judges the head as a whole, and says where the body ends.
    pub(super) fn end(&self) -> Result<Body, &'static str> {
        if self.host.is_empty() {
            return Err("a request names no host");
        }
        if let Some(authority) = &self.authority
            && !authority.eq_ignore_ascii_case(&self.host)
        {
            return Err("the target and the host of a request differ");
        }
        match (self.length, self.coding) {
            (Some(_), Coding::Chunked) => Err("a request has a length and is chunked"),
            (None, Coding::Chunked) if self.version == Version::Http10 => {
                Err("a request of HTTP/1.0 is chunked")
            }
            (None, Coding::Chunked) => Ok(Body::Chunked),
            (Some(length), Coding::None) => Ok(Body::Sized(length)),
            (None, Coding::None) => Ok(Body::None),
        }
    }
}

/// A trailer has the form of a header and none of the names that must come before the body.
pub(super) fn trailer(line: &[u8]) -> Result<(), &'static str> {
    let (name, _) = name_and_value(line)?;
    match is_fixed(name) {
        true => Err("a trailer has a name that belongs into the head"),
        false => Ok(()),
    }
}

fn is_fixed(name: &[u8]) -> bool {
    NOT_HOP_BY_HOP
        .iter()
        .any(|fixed| fixed.eq_ignore_ascii_case(name))
}

fn connection(value: &[u8]) -> Result<(), &'static str> {
    let mut names = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    match names.any(is_fixed) {
        true => Err("a request wants to lose a header on the way"),
        false => Ok(()),
    }
}

fn name_and_value(line: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let end = line.iter().position(|byte| !is(*byte, TOKEN));
    let (name, rest) = line
        .split_at_checked(end.unwrap_or(line.len()))
        .unwrap_or_default();
    let Some((b':', value)) = rest.split_first() else {
        return Err("a header has no colon, or a byte before it that its name must not have");
    };
    if name.is_empty() {
        return Err("a header has no name");
    }
    if !all(value, |byte| !byte.is_ascii_control() || byte == b'\t') {
        return Err("a header's value has a byte that it must not have");
    }
    Ok((name, value.trim_ascii()))
}

/// Whether all bytes are so. It looks at all of them, in any case: many at a time are faster than one after the other.
fn all(bytes: &[u8], is_so: impl Fn(u8) -> bool) -> bool {
    bytes
        .iter()
        .fold(true, |so_far, byte| so_far & is_so(*byte))
}

/// In the name of a header.
const TOKEN: u8 = 1;
/// In a host and its port.
const AUTHORITY: u8 = 2;

/// Where each byte may stand. Names and hosts are too short to be compared many bytes at a time, and then one look into a
/// table is quicker than a comparison with the ends of each range.
const PLACES: [u8; 256] = {
    let mut places = [0; 256];
    let mut byte: u8 = 255;
    while byte > 0 {
        places[byte as usize] = places_of(byte);
        byte -= 1;
    }
    places
};

const fn places_of(byte: u8) -> u8 {
    let token = matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~');
    let authority = byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&'
                ..=b'+' | b';' | b'=' | b':' | b'[' | b']'
        );
    match (token, authority) {
        (true, true) => TOKEN | AUTHORITY,
        (true, false) => TOKEN,
        (false, true) => AUTHORITY,
        (false, false) => 0,
    }
}

fn is(byte: u8, place: u8) -> bool {
    PLACES[usize::from(byte)] & place != 0
}

fn without_scheme(target: &[u8]) -> Option<&[u8]> {
    [b"http://".as_slice(), b"https://"]
        .into_iter()
        .find_map(|scheme| {
            let (start, rest) = target.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        })
}

/// A host and perhaps a port; no user, no list, no path.
fn plain_authority(value: &[u8]) -> Result<&[u8], &'static str> {
    match value.is_empty() || !all(value, |byte| is(byte, AUTHORITY)) {
        true => Err("a host is not a name or an address"),
        false => Ok(value),
    }
}
