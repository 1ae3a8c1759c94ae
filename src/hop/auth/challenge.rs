//! Challenges of a `WWW-Authenticate` field: RFC 9110, section 11.6.1. One field may have several, whose parameters are
//! separated by the same commas as they are.

use crate::http::credentials::is_token68;
use crate::http::is_token;

/// A challenge of a scheme; names and the scheme are in lower case.
#[derive(Debug, PartialEq, Eq)]
pub struct Challenge {
    pub scheme: Vec<u8>,
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Challenge {
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    pub fn is(&self, name: &[u8], value: &[u8]) -> bool {
        self.get(name).is_some_and(|given| given.eq_ignore_ascii_case(value))
    }
}

/// More than any server has to say.
const MOST: usize = 16;
const MOST_PARAMETERS: usize = 32;

/// The challenges of a field; `None` where it is malformed, and nothing in it can then be relied on.
pub fn parse(field: &[u8]) -> Option<Vec<Challenge>> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut text = Text(field);
    let (mut after_scheme, mut is_complete) = (false, true);
    loop {
        while text.blanks() > 0 || !after_scheme && text.take(b',') {}
        if text.0.is_empty() && !after_scheme {
            return Some(found);
        }
        let name = text.token()?;
        let blanks = text.blanks();
        if text.take(b'=') {
            let current = found.last_mut().filter(|_| !is_complete)?;
            text.blanks();
            let value = if text.take(b'"') { text.quoted()? } else { text.token()?.to_vec() };
            let name = name.to_ascii_lowercase();
            // Of two that differ one would be chosen by chance.
            if current.get(&name).is_some() || current.parameters.len() == MOST_PARAMETERS {
                return None;
            }
            current.parameters.push((name, value));
            after_scheme = false;
        } else {
            if after_scheme || found.len() == MOST {
                return None;
            }
            found.push(Challenge { scheme: name.to_ascii_lowercase(), parameters: Vec::new() });
            is_complete = !text.is_at_end_of_item() && text.token68();
            after_scheme = !text.is_at_end_of_item();
            if after_scheme && blanks == 0 {
                return None;
            }
        }
        text.blanks();
        if !after_scheme && !text.is_at_end_of_item() {
            return None;
        }
    }
}

struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn take(&mut self, byte: u8) -> bool {
        let rest = self.0.strip_prefix(&[byte]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn blanks(&mut self) -> usize {
        self.span(|byte| matches!(byte, b' ' | b'\t')).len()
    }

    fn span(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| !belongs(byte)).unwrap_or(self.0.len());
        let (span, rest) = self.0.split_at(end);
        self.0 = rest;
        span
    }

    fn token(&mut self) -> Option<&'a [u8]> {
        Some(self.span(|byte| is_token(&[byte]))).filter(|token| !token.is_empty())
    }

    fn is_at_end_of_item(&self) -> bool {
        self.0.first().is_none_or(|&byte| byte == b',')
    }

    /// Credentials of a scheme that has no parameters: passed over where it is all that stands before the next comma.
    fn token68(&mut self) -> bool {
        let before = self.0;
        let any = !self.span(is_token68).is_empty();
        self.span(|byte| byte == b'=');
        self.blanks();
        if any && self.is_at_end_of_item() {
            return true;
        }
        self.0 = before;
        false
    }

    /// The rest of a quoted string, unescaped.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        loop {
            value.extend_from_slice(self.span(|byte| !matches!(byte, b'"' | b'\\') && is_text(byte)));
            let (&next, rest) = self.0.split_first()?;
            self.0 = rest;
            match next {
                b'"' => return Some(value),
                b'\\' => {
                    let (&escaped, rest) = rest.split_first()?;
                    value.push(Some(escaped).filter(|&byte| is_text(byte))?);
                    self.0 = rest;
                }
                _ => return None,
            }
        }
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || byte >= b' ' && byte != 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `scheme{name=value;name=value}`, one after the other.
    fn shown(field: &str) -> Option<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let one = |challenge: Challenge| {
            let parameters: Vec<String> =
                challenge.parameters.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect();
            format!("{}{{{}}}", text(&challenge.scheme), parameters.join(";"))
        };
        Some(parse(field.as_bytes())?.into_iter().map(one).collect())
    }

    #[test]
    fn one_and_several_in_a_field() {
        for (field, expected) in [
            ("", ""),
            (" , ,", ""),
            ("Basic", "basic{}"),
            ("Basic realm=\"a, b\"", "basic{realm=a, b}"),
            ("DIGEST Realm = \"a\" ,\tNonce=b,qop=\"auth\"", "digest{realm=a;nonce=b;qop=auth}"),
            ("Basic realm=\"\\\"q\\\\\", x=y", "basic{realm=\"q\\;x=y}"),
            ("Negotiate, Basic realm=\"x\"", "negotiate{}basic{realm=x}"),
            (
                "Negotiate oRQ+/A==, NTLM , Digest realm=r,nonce=n,Basic realm=z",
                "negotiate{}ntlm{}digest{realm=r;nonce=n}basic{realm=z}",
            ),
            // The example of RFC 9110.
            (
                "Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"",
                "basic{realm=simple}newauth{realm=apps;type=1;title=Login to \"apps\"}",
            ),
            (",,Digest , realm=x", "digest{realm=x}"),
            ("Digest realm=x,", "digest{realm=x}"),
            ("Scheme tok=", "scheme{}"),
            ("Digest realm=\"\u{e9}\"", "digest{realm=\u{e9}}"),
            ("Digest realm=\"\"", "digest{realm=}"),
        ] {
            assert_eq!(shown(field).as_deref(), Some(expected), "{field}");
        }
    }

    #[test]
    fn what_is_malformed_is_none_of_it() {
        for field in [
            "realm=x",
            "=",
            "Digest realm=\"x",
            "Digest realm=\"x\\",
            "Digest realm=\"x\" nonce=y",
            "Digest realm=\"x\"nonce=y",
            "Digest realm=x y",
            "Digest realm=, nonce=y",
            "Digest realm=x, realm=y",
            "Digest realm=x, REALM=x",
            "Digest foo bar",
            "Negotiate abc, x=y",
            "Negotiate abc x=y",
            "Digest foo bar=x",
            "Digest\"x\"",
            "Digest \"x\"",
            "Digest realm=\"a\0b\"",
            "Digest realm=\"a\\\0b\"",
            "Digest realm=\"a\x7fb\"",
            "Di(gest realm=x",
            "\u{e9}",
        ] {
            assert_eq!(shown(field), None, "{field:?}");
        }
        assert!(parse(&b"a,".repeat(MOST)).is_some() && parse(&b"a,".repeat(MOST + 1)).is_none());
        let many = |count: usize| (0..count).fold("a ".to_owned(), |text, number| format!("{text}p{number}=1,"));
        assert!(parse(many(MOST_PARAMETERS).as_bytes()).is_some());
        assert!(parse(many(MOST_PARAMETERS + 1).as_bytes()).is_none());
    }
}
