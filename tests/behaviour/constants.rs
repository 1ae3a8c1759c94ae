//! The header's constants, so that a case says `HS_HTTP_1_1` and not 11.

use crate::library::root;
use std::collections::HashMap;

pub struct Constants(HashMap<String, String>);

impl Constants {
    pub fn read() -> Self {
        let header = std::fs::read_to_string(root().join("include/http_sentinel.h")).expect("the header");
        let constant = |line: &str| {
            let (name, value) = line.strip_prefix("#define HS_")?.split_once(' ')?;
            Some((format!("HS_{name}"), value.trim_end_matches("ull").to_owned()))
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
}
