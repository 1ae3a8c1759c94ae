//! The header's constants, so that a case says `HS_HTTP_1_1` and not 11.

use crate::library::root;
use std::collections::HashMap;

pub struct Constants(HashMap<String, String>);

impl Constants {
    pub fn read() -> Self {
        let header = std::fs::read_to_string(root().join("include/http_sentinel.h")).expect("the header");
        let constant = |line: &str| {
            let (name, value) = line.strip_prefix("#define HS_")?.split_once(' ')?;
            Some((format!("HS_{name}"), shifted(value.trim_end_matches("ull"))))
        };
        Constants(header.lines().filter_map(constant).collect())
    }

    /// The number of a constant, of several with `|` between them, or the text itself where it is none.
    pub fn resolve(&self, text: &str) -> Result<String, String> {
        if !text.starts_with("HS_") {
            return Ok(text.to_owned());
        }
        let mut names = text.split('|').map(str::trim);
        let value = |name: &str| self.0.get(name).cloned().ok_or_else(|| format!("the header has no {name}"));
        let first = value(names.next().unwrap_or_default())?;
        names.try_fold(first, |sum, name| {
            let bits = |text: String| text.parse::<u64>().map_err(|_| format!("{name} is no flag"));
            Ok((bits(sum)? | bits(value(name)?)?).to_string())
        })
    }

    /// The name of a number among the constants that begin so, without that beginning; the shortest of several.
    #[allow(dead_code)] // scenarios are told by names
    pub fn name_of(&self, prefix: &str, number: &str) -> Option<&str> {
        let named = self.0.iter().filter(|(name, value)| *value == number && name.starts_with(prefix));
        named.map(|(name, _)| &name[prefix.len()..]).min_by_key(|name| (name.len(), *name))
    }
}

/// `(1 << 11)` as its number.
fn shifted(value: &str) -> String {
    let inner = value.trim_start_matches('(').trim_end_matches(')');
    let parts =
        inner.split_once(" << ").and_then(|(one, by)| Some((one.parse::<u64>().ok()?, by.parse::<u32>().ok()?)));
    parts.map_or_else(|| value.to_owned(), |(one, by)| (one << by).to_string())
}
