//! Digest authentication (RFC 7616, and RFC 2069 where a server knows no `qop`): what is proved, and how.

use super::challenge::Challenge;
use crate::error::Error;
use crate::status::HS_ERR_INTERNAL;
use md5::Md5;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Sha256, Sha512_256};

/// The hashes, the stronger the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

impl Hash {
    fn of(self, parts: &[&[u8]]) -> String {
        fn digest<D: md5::Digest>(parts: &[&[u8]]) -> String {
            let mut hasher = D::new();
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    hasher.update(b":");
                }
                hasher.update(part);
            }
            hex(&hasher.finalize())
        }
        match self {
            Hash::Md5 => digest::<Md5>(parts),
            Hash::Sha256 => digest::<Sha256>(parts),
            Hash::Sha512_256 => digest::<Sha512_256>(parts),
        }
    }
}

/// A challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    hash: Hash,
    /// The secret is hashed with the nonces once more, for all requests of a nonce.
    session: bool,
    /// As it is to be repeated; `None` where the server named none, which is MD5.
    algorithm: Option<Vec<u8>>,
    realm: Vec<u8>,
    pub nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    /// `qop=auth`; without it the request is not counted.
    counted: bool,
    userhash: bool,
    pub stale: bool,
}

/// Of realm, nonce and opaque, which are kept and sent again with each request.
const LONGEST: usize = 4_096;

impl Offer {
    /// `None` where the challenge is of another scheme, lacks what is needed, or asks for what is not supported: an
    /// unknown algorithm, or the integrity of bodies (`auth-int`) alone.
    fn of(challenge: &Challenge) -> Option<Offer> {
        if challenge.scheme != b"digest" {
            return None;
        }
        let algorithm = challenge.get(b"algorithm");
        let (hash, session) = match algorithm.unwrap_or(b"MD5").to_ascii_uppercase().as_slice() {
            b"MD5" => (Hash::Md5, false),
            b"MD5-SESS" => (Hash::Md5, true),
            b"SHA-256" => (Hash::Sha256, false),
            b"SHA-256-SESS" => (Hash::Sha256, true),
            b"SHA-512-256" => (Hash::Sha512_256, false),
            b"SHA-512-256-SESS" => (Hash::Sha512_256, true),
            _ => return None,
        };
        let counted = match challenge.get(b"qop") {
            None | Some(b"") if session => return None,
            None | Some(b"") => false,
            Some(qop) if qop.split(|&byte| byte == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(b"auth")) => {
                true
            }
            Some(_) => return None,
        };
        let kept = |name: &[u8]| challenge.get(name).filter(|value| value.len() <= LONGEST).map(<[u8]>::to_vec);
        Some(Offer {
            hash,
            session,
            algorithm: algorithm.map(<[u8]>::to_vec),
            realm: kept(b"realm")?,
            nonce: kept(b"nonce")?,
            opaque: match challenge.get(b"opaque") {
                Some(_) => Some(kept(b"opaque")?),
                None => None,
            },
            counted,
            userhash: challenge.is(b"userhash", b"true"),
            stale: challenge.is(b"stale", b"true"),
        })
    }

    /// The strongest of several; the first of those that are equally strong.
    pub fn best(challenges: &[Challenge]) -> Option<Offer> {
        challenges.iter().filter_map(Offer::of).reduce(|best, next| if next.hash > best.hash { next } else { best })
    }
}

/// A nonce in use: how often, and with what of our own.
#[derive(Debug)]
pub struct Session {
    pub offer: Offer,
    count: u32,
    cnonce: String,
    /// Whether a request has had this `cnonce`.
    used: bool,
    secret: String,
}

impl Session {
    pub fn new(offer: Offer, user: &str, password: &str) -> Result<Session, Error> {
        Ok(Session::with(offer, user, password, random()?))
    }

    fn with(offer: Offer, user: &str, password: &str, cnonce: String) -> Session {
        let mut secret = offer.hash.of(&[user.as_bytes(), &offer.realm, password.as_bytes()]);
        if offer.session {
            secret = offer.hash.of(&[secret.as_bytes(), &offer.nonce, cnonce.as_bytes()]);
        }
        Session { offer, count: 0, cnonce, used: false, secret }
    }

    /// Takes the nonce that the server wants for the next request (RFC 7616, section 3.5). The secret of a session was
    /// made from the first nonce and stays with it.
    pub fn renew(&mut self, nonce: &[u8]) {
        if !self.offer.session && !nonce.is_empty() && nonce.len() <= LONGEST {
            (self.offer.nonce, self.count) = (nonce.to_vec(), 0);
        }
    }

    /// The value of the `Authorization` header of one request.
    pub fn answer(&mut self, user: &str, method: &str, target: &str) -> Result<Vec<u8>, Error> {
        if self.used && !self.offer.session {
            self.cnonce = random()?;
        }
        self.used = true;
        // After four billion requests the server says that the nonce is stale.
        self.count = self.count.wrapping_add(1);
        Ok(self.proved(user, method, target))
    }

    fn proved(&self, user: &str, method: &str, target: &str) -> Vec<u8> {
        let Offer { hash, realm, nonce, opaque, algorithm, counted, userhash, .. } = &self.offer;
        let request = hash.of(&[method.as_bytes(), target.as_bytes()]);
        let count = format!("{:08x}", self.count);
        let (secret, cnonce) = (self.secret.as_bytes(), self.cnonce.as_bytes());
        let response = if *counted {
            hash.of(&[secret, nonce, count.as_bytes(), cnonce, b"auth", request.as_bytes()])
        } else {
            hash.of(&[secret, nonce, request.as_bytes()])
        };
        let mut header = b"Digest ".to_vec();
        if *userhash {
            quoted(&mut header, "username", hash.of(&[user.as_bytes(), realm]).as_bytes());
        } else if user.is_ascii() {
            quoted(&mut header, "username", user.as_bytes());
        } else {
            let encoded = utf8_percent_encode(user, EXTENDED);
            header.extend_from_slice(format!("username*=UTF-8''{encoded}, ").as_bytes());
        }
        quoted(&mut header, "realm", realm);
        quoted(&mut header, "nonce", nonce);
        quoted(&mut header, "uri", target.as_bytes());
        if let Some(algorithm) = algorithm {
            header.extend_from_slice(&[b"algorithm=", &algorithm[..], b", "].concat());
        }
        if *counted {
            quoted(&mut header, "cnonce", cnonce);
            header.extend_from_slice(format!("qop=auth, nc={count}, ").as_bytes());
        }
        if let Some(opaque) = opaque {
            quoted(&mut header, "opaque", opaque);
        }
        if *userhash {
            header.extend_from_slice(b"userhash=true, ");
        }
        header.extend_from_slice(format!("response=\"{response}\"").as_bytes());
        header
    }
}

/// What RFC 8187 leaves as it is.
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

fn quoted(header: &mut Vec<u8>, name: &str, value: &[u8]) {
    header.extend_from_slice(name.as_bytes());
    header.extend_from_slice(b"=\"");
    for &byte in value {
        if matches!(byte, b'"' | b'\\') {
            header.push(b'\\');
        }
        header.push(byte);
    }
    header.extend_from_slice(b"\", ");
}

fn random() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(HS_ERR_INTERNAL, format!("the system gives no random bytes: {error}")))?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
