//! A scenario as its file says it. `README.md` tells the format.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use toml::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    script: String,
    #[serde(default)]
    log: String,
    #[serde(default)]
    count: BTreeMap<String, Value>,
    #[serde(default)]
    never: Vec<String>,
    #[serde(default)]
    vars: Vec<String>,
    #[serde(default)]
    rows: Vec<Vec<String>>,
}

#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub script: Vec<String>,
    /// Lines that come in this order; others may come between. Each is words that its line has.
    pub log: Vec<String>,
    /// How many lines there are with all of these words.
    pub count: Vec<(String, usize)>,
    /// Words that no line has together.
    pub never: Vec<String>,
}

/// The scenarios of all files of a folder. One with `rows` stands for one each.
pub fn read_folder(folder: &Path) -> Vec<Scenario> {
    let entries = std::fs::read_dir(folder).expect("the folder of scenarios");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let topic = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a readable file");
        all.extend(read(&topic, &text).unwrap_or_else(|why| panic!("{}: {why}", file.display())));
    }
    let mut names: Vec<&str> = all.iter().map(|scenario: &Scenario| scenario.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert!(twice.is_none(), "two scenarios have the name {twice:?}");
    all
}

pub fn read(topic: &str, text: &str) -> Result<Vec<Scenario>, String> {
    let file: File = toml::from_str(text).map_err(|why| why.to_string())?;
    let mut all = Vec::new();
    for written in file.case {
        if written.log.trim().is_empty() && written.count.is_empty() {
            return Err(format!("{}: it expects nothing", written.name));
        }
        let rows = if written.vars.is_empty() { vec![Vec::new()] } else { written.rows.clone() };
        for row in rows {
            if row.len() != written.vars.len() {
                return Err(format!("{}: {row:?} has not one column for each of {:?}", written.name, written.vars));
            }
            all.push(one(topic, &written, &row)?);
        }
    }
    Ok(all)
}

fn one(topic: &str, written: &Written, row: &[String]) -> Result<Scenario, String> {
    let pairs: Vec<_> = written.vars.iter().map(|var| format!("{{{var}}}")).zip(row).collect();
    let fill = |text: &str| pairs.iter().fold(text.to_owned(), |text, (var, column)| text.replace(var, column));
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| fill(line.split(" # ").next().unwrap_or_default().trim()));
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    };
    let count = |(words, number): (&String, &Value)| {
        let number = match number {
            Value::Integer(number) => number.to_string(),
            other => fill(other.as_str().unwrap_or_default()),
        };
        let number = number.parse().map_err(|_| format!("{}: the count of {words:?} is no number", written.name))?;
        Ok((fill(words), number))
    };
    Ok(Scenario {
        name: format!("{topic}: {}", fill(&written.name)),
        script: lines(&written.script),
        log: lines(&written.log),
        count: written.count.iter().map(count).collect::<Result<_, String>>()?,
        never: written.never.iter().map(|words| fill(words)).collect(),
    })
}
