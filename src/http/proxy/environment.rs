//! The proxies that the environment names, by the conventions that curl, Go and others share.

use super::Proxy;
use super::bypass::Bypass;
use crate::error::Error;
use std::ffi::OsString;

/// What the environment says.
#[derive(Debug, Default)]
pub struct Environment {
    pub http: Option<Proxy>,
    pub https: Option<Proxy>,
    pub all: Option<Proxy>,
    pub bypass: Option<Bypass>,
}

impl Environment {
    /// Reads it by `lookup`. `HTTP_PROXY` in capitals is left alone: in a CGI program a client sets it by sending a
    /// header called `Proxy`.
    pub fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Environment, Error> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|&name| lookup(name).filter(|value| !value.is_empty()).map(|value| (name, value)))
        };
        let proxy = |names: &[&'static str]| {
            first(names)
                .map(|(name, value)| {
                    Proxy::parse(value.as_encoded_bytes(), &format!("the environment variable {name}"))
                })
                .transpose()
        };
        Ok(Environment {
            http: proxy(&["http_proxy"])?,
            https: proxy(&["https_proxy", "HTTPS_PROXY"])?,
            all: proxy(&["all_proxy", "ALL_PROXY"])?,
            bypass: first(&["no_proxy", "NO_PROXY"])
                .map(|(_, value)| Bypass::parse_leniently(&value.to_string_lossy())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::url::Url;
    use crate::status::HS_ERR_INVALID_URL;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, Error> {
        Environment::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn capitals_count_where_small_letters_are_missing_and_never_for_http() {
        let found = read(&[("HTTP_PROXY", "http://evil:1")]).unwrap();
        assert!(found.http.is_none() && found.all.is_none());
        let found = read(&[("HTTPS_PROXY", "http://big:1"), ("ALL_PROXY", "socks5://all"), ("NO_PROXY", "x.test")]);
        let found = found.unwrap();
        assert_eq!(found.https.unwrap().address, "http://big:1");
        assert_eq!(found.all.unwrap().address, "socks5://all:1080");
        assert!(found.bypass.unwrap().covers(&Url::parse(b"http://x.test/").unwrap().url));
        let found = read(&[("https_proxy", "small:2"), ("HTTPS_PROXY", "http://big:1"), ("http_proxy", "")]).unwrap();
        assert_eq!(found.https.unwrap().address, "http://small:2");
        assert!(found.http.is_none() && found.bypass.is_none());
    }

    #[test]
    fn a_malformed_url_is_named_without_its_secrets() {
        let error = read(&[("all_proxy", "ftp://joe:hunter2@host")]).unwrap_err();
        assert_eq!(error.status(), HS_ERR_INVALID_URL);
        let text = error.to_string();
        assert!(text.contains("all_proxy") && text.contains("host") && !text.contains("hunter2"), "{text}");
    }
}
