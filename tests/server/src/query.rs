//! Paths and query strings, decoded.

use std::borrow::Cow;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// The parameters of a query string, in order.
pub struct Query<'a>(Option<&'a str>);

impl<'a> Query<'a> {
    pub fn new(query: Option<&'a str>) -> Self {
        Query(query.filter(|text| !text.is_empty()))
    }

    /// Splits a request target into its path and its query.
    pub fn split(target: &'a str) -> (&'a str, Query<'a>) {
        match target.split_once('?') {
            Some((path, query)) => (path, Query::new(Some(query))),
            None => (target, Query::new(None)),
        }
    }

    pub fn pairs(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        form_urlencoded::parse(self.0.unwrap_or_default().as_bytes())
    }

    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.0?;
        self.pairs().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub fn all(&self, name: &str) -> Vec<Cow<'a, str>> {
        self.pairs().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// The parameter as a number, `None` when it is absent or not one.
    pub fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "0" && value != "false")
    }
}

/// The segments of a path, percent-decoded.
pub fn segments(path: &str) -> Vec<Cow<'_, str>> {
    path.strip_prefix('/').unwrap_or(path).split('/').map(|part| percent_decode_str(part).decode_utf8_lossy()).collect()
}
