//! Tokens that others might send: ours, and what can be made of ours by those who do and do not have the keys.

use base::{KeyRing, Secret, Time, base64};
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

/// Makes tokens with a key of its own.
pub(crate) struct Forge {
    pair: Ed25519KeyPair,
    number: u32,
    now: i64,
    sub: String,
    sid: String,
}

/// A head, claims, and how they become a token.
pub(crate) type Case = (&'static str, String);

impl Forge {
    /// With the very key that signs our tokens, so that nothing but what a case says is wrong with it.
    pub(crate) fn with_our_key(ring: &KeyRing, now: Time, (sub, sid): (String, String)) -> Self {
        let (number, secret) = &ring.current;
        Forge {
            pair: pair(secret),
            number: *number,
            now: now.as_micros().div_euclid(1_000_000),
            sub,
            sid,
        }
    }

    pub(crate) fn head(&self) -> Value {
        json!({"alg": "EdDSA", "kid": self.number.to_string(), "typ": "at+jwt"})
    }

    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": "comanda", "aud": "comanda", "sub": self.sub, "sid": self.sid,
            "iat": self.now, "exp": self.now + 300, "jti": "AAAAAAAAAAAAAAAA",
        })
    }

    /// Signs whatever it is given.
    pub(crate) fn sign(&self, head: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(head), encode(claims));
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", base64::encode(signature.as_ref()))
    }

    pub(crate) fn good(&self) -> String {
        self.sign(&self.head().to_string(), &self.claims().to_string())
    }

    fn with_head(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut head = self.head();
        change(&mut head);
        self.sign(&head.to_string(), &self.claims().to_string())
    }

    fn with_claims(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        self.sign(&self.head().to_string(), &claims.to_string())
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        self.with_claims(|claims| claims[name] = value)
    }

    /// Signed with a secret that is our public key, which everybody has.
    fn by_public_key(&self, alg: &str, form: fn(&[u8]) -> Vec<u8>) -> String {
        let head = json!({"alg": alg, "kid": self.number.to_string(), "typ": "at+jwt"});
        let signed = format!(
            "{}.{}",
            encode(&head.to_string()),
            encode(&self.claims().to_string())
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, &form(self.pair.public_key().as_ref()));
        let tag = hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", base64::encode(tag.as_ref()))
    }

    /// Every case of what is in a head.
    pub(crate) fn heads(&self) -> Vec<Case> {
        [self.algorithms(), self.keys(), self.extras()].concat()
    }

    fn set_head(&self, name: &str, value: Value) -> String {
        self.with_head(|head| head[name] = value)
    }

    fn drop_head(&self, name: &str) -> String {
        self.with_head(|head| {
            head.as_object_mut().unwrap().remove(name);
        })
    }

    fn algorithms(&self) -> Vec<Case> {
        let (set, kid) = (
            |name: &str, value: Value| self.set_head(name, value),
            self.number,
        );
        let claims = self.claims().to_string();
        vec![
            ("alg none", set("alg", json!("none"))),
            ("alg None", set("alg", json!("None"))),
            ("alg NONE", set("alg", json!("NONE"))),
            ("alg nOnE", set("alg", json!("nOnE"))),
            ("alg empty", set("alg", json!(""))),
            ("alg null", set("alg", Value::Null)),
            ("alg a list", set("alg", json!(["EdDSA"]))),
            ("alg missing", self.drop_head("alg")),
            ("alg HS256", set("alg", json!("HS256"))),
            ("alg RS256", set("alg", json!("RS256"))),
            ("alg ES256", set("alg", json!("ES256"))),
            ("alg PS256", set("alg", json!("PS256"))),
            ("alg Ed448", set("alg", json!("Ed448"))),
            ("alg eddsa in small letters", set("alg", json!("eddsa"))),
            ("alg with a space", set("alg", json!("EdDSA "))),
            (
                "alg twice",
                self.sign(
                    &format!(r#"{{"alg":"none","alg":"EdDSA","kid":"{kid}","typ":"at+jwt"}}"#),
                    &claims,
                ),
            ),
        ]
    }

    fn keys(&self) -> Vec<Case> {
        let (set, kid) = (
            |name: &str, value: Value| self.set_head(name, value),
            self.number,
        );
        let claims = self.claims().to_string();
        vec![
            ("kid unknown", set("kid", json!("999"))),
            ("kid a number", set("kid", json!(kid))),
            ("kid missing", self.drop_head("kid")),
            ("kid empty", set("kid", json!(""))),
            (
                "kid with zeros before",
                set("kid", json!(format!("0{kid}"))),
            ),
            ("kid a path", set("kid", json!("../../../dev/null"))),
            ("kid a statement", set("kid", json!("1' OR '1'='1"))),
            ("kid huge", set("kid", json!("1".repeat(400)))),
            (
                "kid twice",
                self.sign(
                    &format!(r#"{{"alg":"EdDSA","kid":"9","kid":"{kid}","typ":"at+jwt"}}"#),
                    &claims,
                ),
            ),
            ("typ JWT", set("typ", json!("JWT"))),
            ("typ of an id token", set("typ", json!("id_token+jwt"))),
            ("typ of a logout token", set("typ", json!("logout+jwt"))),
            ("typ in capitals", set("typ", json!("AT+JWT"))),
            ("typ with a family", set("typ", json!("application/at+jwt"))),
            ("typ missing", self.drop_head("typ")),
        ]
    }

    fn extras(&self) -> Vec<Case> {
        let own = pair(&Secret::draw(&base::Random::real()));
        let (set, kid) = (
            |name: &str, value: Value| self.set_head(name, value),
            self.number,
        );
        let claims = self.claims().to_string();
        let jwk =
            json!({"kty": "OKP", "crv": "Ed25519", "x": base64::encode(own.public_key().as_ref())});
        vec![
            ("cty", set("cty", json!("JWT"))),
            ("jku", set("jku", json!("https://evil.example/jwks.json"))),
            ("x5u", set("x5u", json!("https://evil.example/cert.pem"))),
            ("x5c", set("x5c", json!(["MIIB"]))),
            ("x5t", set("x5t", json!("AAAA"))),
            ("jwk", set("jwk", jwk)),
            ("crit", set("crit", json!(["exp"]))),
            ("crit empty", set("crit", json!([]))),
            ("b64", set("b64", json!(false))),
            ("zip", set("zip", json!("DEF"))),
            ("more than is known", set("extra", json!(1))),
            (
                "head in another order",
                self.sign(
                    &format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{kid}"}}"#),
                    &claims,
                ),
            ),
            (
                "head with spaces",
                self.sign(
                    &format!(r#"{{"alg": "EdDSA", "kid": "{kid}", "typ": "at+jwt"}}"#),
                    &claims,
                ),
            ),
            (
                "head with escapes",
                self.sign(
                    &format!(r#"{{"alg":"\u0045dDSA","kid":"{kid}","typ":"at+jwt"}}"#),
                    &claims,
                ),
            ),
            ("head a list", self.sign("[]", &claims)),
            ("head empty", self.sign("", &claims)),
        ]
    }

    /// Every case of what is in the claims.
    pub(crate) fn bodies(&self, others: (&str, &str)) -> Vec<Case> {
        [self.origins(), self.subjects(others), self.doubles(others)].concat()
    }

    fn drop_claim(&self, name: &str) -> String {
        self.with_claims(|claims| {
            claims.as_object_mut().unwrap().remove(name);
        })
    }

    fn origins(&self) -> Vec<Case> {
        let (set, now) = (
            |name: &str, value: Value| self.with_claim(name, value),
            self.now,
        );
        vec![
            ("iss another", set("iss", json!("https://evil.example"))),
            ("iss with a slash", set("iss", json!("comanda/"))),
            ("iss missing", self.drop_claim("iss")),
            ("aud another", set("aud", json!("kitchen"))),
            ("aud a list", set("aud", json!(["comanda"]))),
            ("aud empty", set("aud", json!(""))),
            ("aud missing", self.drop_claim("aud")),
            ("exp now", set("exp", json!(now))),
            ("exp past", set("exp", json!(now - 1))),
            ("exp long past", set("exp", json!(1))),
            ("exp too late", set("exp", json!(now + 301))),
            ("exp in ten years", set("exp", json!(now + 315_360_000))),
            ("exp beyond numbers", set("exp", json!(i64::MAX))),
            ("exp below zero", set("exp", json!(-1))),
            ("exp a text", set("exp", json!((now + 300).to_string()))),
            ("exp a fraction", set("exp", json!(now as f64 + 0.5))),
            ("exp null", set("exp", Value::Null)),
            ("exp missing", self.drop_claim("exp")),
            (
                "iat in the future",
                self.with_claims(|claims| {
                    claims["iat"] = json!(now + 61);
                    claims["exp"] = json!(now + 300);
                }),
            ),
            ("iat missing", self.drop_claim("iat")),
            ("iat a text", set("iat", json!("now"))),
            ("nbf in the future", set("nbf", json!(now + 60))),
            ("nbf past", set("nbf", json!(now - 60))),
        ]
    }

    fn subjects(&self, (other_sub, other_sid): (&str, &str)) -> Vec<Case> {
        let set = |name: &str, value: Value| self.with_claim(name, value);
        vec![
            ("sub another", set("sub", json!(other_sub))),
            (
                "sub of another type",
                set("sub", json!(self.sub.replace("per_", "opr_"))),
            ),
            ("sub empty", set("sub", json!(""))),
            ("sub missing", self.drop_claim("sub")),
            ("sid another's", set("sid", json!(other_sid))),
            (
                "sid unknown",
                set("sid", json!("ses_01jd6yv2m00000000000000000")),
            ),
            (
                "sid of another type",
                set("sid", json!(self.sid.replace("ses_", "per_"))),
            ),
            ("sid missing", self.drop_claim("sid")),
            ("jti missing", self.drop_claim("jti")),
            ("a role", set("role", json!("operator"))),
            ("scopes", set("scope", json!("*"))),
        ]
    }

    fn doubles(&self, (other_sub, other_sid): (&str, &str)) -> Vec<Case> {
        let text = self.claims().to_string();
        let twice = |name: &str, value: &str| {
            let body = text.replacen('{', &format!("{{\"{name}\":{value},"), 1);
            self.sign(&self.head().to_string(), &body)
        };
        vec![
            ("iss twice", twice("iss", "\"x\"")),
            ("aud twice", twice("aud", "\"x\"")),
            ("exp twice", twice("exp", "1")),
            ("sub twice", twice("sub", &format!("\"{other_sub}\""))),
            ("sid twice", twice("sid", &format!("\"{other_sid}\""))),
            ("claims a list", self.sign(&self.head().to_string(), "[]")),
            ("claims no JSON", self.sign(&self.head().to_string(), "{")),
            (
                "claims and more",
                self.sign(&self.head().to_string(), &format!("{text} {{}}")),
            ),
            (
                "claims in another character set",
                self.sign(&self.head().to_string(), &format!("\u{feff}{text}")),
            ),
        ]
    }

    /// Every case of how a token is written.
    pub(crate) fn forms(&self) -> Vec<Case> {
        let good = self.good();
        let parts: Vec<&str> = good.split('.').collect();
        let [head, body, signature] = parts[..] else {
            panic!("a token has three parts")
        };
        let parts = (head, body, signature);
        [self.forgeries(parts), self.spellings(&good, parts)].concat()
    }

    fn forgeries(&self, (head, body, signature): (&str, &str, &str)) -> Vec<Case> {
        let none = json!({"alg": "none", "kid": self.number.to_string(), "typ": "at+jwt"});
        let none = encode(&none.to_string());
        let other = pair(&Secret::draw(&base::Random::real()));
        let foreign = base64::encode(other.sign(format!("{head}.{body}").as_bytes()).as_ref());
        vec![
            ("none, without a signature", format!("{none}.{body}.")),
            ("none, in two parts", format!("{none}.{body}")),
            (
                "none, with our signature",
                format!("{none}.{body}.{signature}"),
            ),
            (
                "HS256 with our public key",
                self.by_public_key("HS256", <[u8]>::to_vec),
            ),
            (
                "HS256 with our public key as text",
                self.by_public_key("HS256", |key| base64::encode(key).into_bytes()),
            ),
            (
                "EdDSA with a tag of our public key",
                self.by_public_key("EdDSA", <[u8]>::to_vec),
            ),
            (
                "HS512 with our public key",
                self.by_public_key("HS512", <[u8]>::to_vec),
            ),
            ("signed by a stranger", format!("{head}.{body}.{foreign}")),
        ]
    }

    fn spellings(&self, good: &str, (head, body, signature): (&str, &str, &str)) -> Vec<Case> {
        let padded = |part: &str| format!("{part}{}", "=".repeat((4 - part.len() % 4) % 4));
        let huge = self.with_claim("jti", json!("a".repeat(2_000)));
        let long = self.with_claim("jti", json!("a".repeat(700)));
        assert!(long.len() > 1_024);
        let mut flipped = base64::decode(signature).unwrap();
        flipped[10] ^= 1;
        vec![
            ("no signature", format!("{head}.{body}.")),
            ("two parts", format!("{head}.{body}")),
            ("one part", head.to_owned()),
            ("no head", format!(".{body}.{signature}")),
            ("no claims", format!("{head}..{signature}")),
            ("four parts", format!("{good}.{signature}")),
            (
                "five parts",
                format!("{head}.{body}.{body}.{body}.{signature}"),
            ),
            ("a dot at the end", format!("{good}.")),
            ("a dot at the beginning", format!(".{good}")),
            ("cut short by one", good[..good.len() - 1].to_owned()),
            ("cut to half", good[..good.len() / 2].to_owned()),
            ("a letter more", format!("{good}A")),
            (
                "one bit of the signature",
                format!("{head}.{body}.{}", base64::encode(&flipped)),
            ),
            (
                "signature of zeros",
                format!("{head}.{body}.{}", base64::encode(&[0; 64])),
            ),
            (
                "signature twice",
                format!("{head}.{body}.{signature}{signature}"),
            ),
            (
                "padded head",
                format!("{}.{body}.{signature}", padded(head)),
            ),
            (
                "padded claims",
                format!("{head}.{}.{signature}", padded(body)),
            ),
            (
                "padded signature",
                format!("{head}.{body}.{}", padded(signature)),
            ),
            ("the other alphabet", swapped(good)),
            ("leftover bits", leftover(good)),
            (
                "JSON form",
                json!({"protected": head, "payload": body, "signature": signature}).to_string(),
            ),
            ("spaces within", good.replacen('.', ". ", 1)),
            ("claims of another token", {
                let other = self.with_claim("exp", json!(self.now + 299));
                let body = other.split('.').nth(1).unwrap().to_owned();
                format!("{head}.{body}.{signature}")
            }),
            ("more than a KiB", long),
            ("huge", huge),
            ("six thousand dots", format!("eyJ{}", ".".repeat(6_000))),
        ]
    }
}

/// The same signature in the alphabet with plus and slash; where it has neither letter, one that it has not.
fn swapped(good: &str) -> String {
    let other = good.replace('-', "+").replace('_', "/");
    match other == good {
        true => format!("{good}+"),
        false => other,
    }
}

/// The last letter of a signature of 64 bytes has four bits that mean nothing, and must be zero.
fn leftover(good: &str) -> String {
    let last = good.chars().next_back().unwrap();
    let next = char::from(u8::try_from(u32::from(last)).unwrap() + 1);
    format!("{}{next}", &good[..good.len() - 1])
}

fn encode(text: &str) -> String {
    base64::encode(text.as_bytes())
}

fn pair(secret: &Secret) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(secret.derive("access tokens").bytes()).unwrap()
}
