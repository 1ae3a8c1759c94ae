//! A case as its file says it. `README.md` tells the format.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Table>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    /// Needs the libcurl that the library brings along.
    #[serde(default)]
    pub bundled: bool,
    /// The only way that it is taken, and why.
    pub via: Option<Via>,
    #[serde(default)]
    pub worker: Table,
    /// `hs_pool_options`, for a case that is about a pool.
    #[serde(default)]
    pub pool: Table,
    /// `KIND NAME` and its options: what the options above may name.
    #[serde(default)]
    pub objects: BTreeMap<String, Table>,
    /// A script that the test server plays; `{script_addr}` is where, if it has a port of its own.
    pub script: Option<Value>,
    /// Its path, where that is not `{key}`.
    pub script_name: Option<String>,
    pub request: Option<Table>,
    pub expect: Option<Expect>,
    #[serde(default)]
    pub step: Vec<Step>,
    /// Counters of the test server's after the last step.
    #[serde(default)]
    pub counters: BTreeMap<String, u64>,
}

/// One of the two, with the reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    Worker(String),
    Pool(String),
}

/// One of its blocks, and what comes of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub request: Option<Table>,
    /// A request that a pool is handed; nobody waits for it.
    pub submit: Option<Table>,
    /// The completion with that `tag`.
    pub next: Option<Table>,
    /// What is done with the jar, each with its arguments.
    #[serde(default)]
    pub jar: Vec<Vec<String>>,
    /// What is done with the pool.
    #[serde(default)]
    pub pool: Vec<Vec<String>>,
    /// So often; `{nth}` counts from 0.
    pub times: Option<u32>,
    pub expect: Expect,
}

/// What a step says to a driver.
pub enum Said<'a> {
    Request(&'static str, &'a Table),
    Operations(&'static str, &'a [Vec<String>]),
}

impl Step {
    fn all(&self) -> Vec<Said<'_>> {
        let requests = [("request", &self.request), ("submit", &self.submit), ("next", &self.next)];
        let requests = requests.into_iter().filter_map(|(verb, options)| Some(Said::Request(verb, options.as_ref()?)));
        let operations = [("jar", &self.jar), ("pool", &self.pool)].into_iter().filter(|(_, all)| !all.is_empty());
        requests.chain(operations.map(|(verb, all)| Said::Operations(verb, all))).collect()
    }

    pub fn said(&self) -> Said<'_> {
        self.all().remove(0)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `HS_OK` where it is left out.
    pub status: Option<String>,
    pub http: Option<Value>,
    pub url: Option<String>,
    pub body: Option<String>,
    pub body_contains: Option<OneOrMany>,
    pub body_length: Option<Value>,
    /// The body is what `/bytes/N` sends.
    pub body_bytes: Option<u64>,
    /// All values of each, in order.
    #[serde(default)]
    pub headers: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    pub absent: Vec<String>,
    #[serde(default)]
    pub trailers: BTreeMap<String, OneOrMany>,
    /// Other lines of the outcome.
    #[serde(default)]
    pub lines: BTreeMap<String, Value>,
    /// `STATUS URL`, first to last.
    pub redirects: Option<Vec<String>>,
    /// `OPERATION RESULT` of each operation on the jar.
    pub jar: Option<Vec<String>>,
    /// The same of the pool.
    pub pool: Option<Vec<String>>,
    pub phase: Option<String>,
    pub request_sent: Option<String>,
    pub retryable: Option<String>,
    pub message: Option<OneOrMany>,
    pub message_lacks: Option<OneOrMany>,
    #[serde(default)]
    pub error: BTreeMap<String, Value>,
    #[serde(default)]
    pub metrics: BTreeMap<String, Value>,
    /// Keys of the outcome that may differ between runs, and so between languages.
    #[serde(default)]
    pub vary: Vec<String>,
    /// What the server was sent, where the body is its description.
    pub saw: Option<Saw>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saw {
    pub method: Option<String>,
    pub url: Option<String>,
    pub authority: Option<String>,
    pub version: Option<String>,
    pub body: Option<String>,
    pub body_length: Option<u64>,
    pub body_sha256: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    pub absent: Vec<String>,
    /// Names of fields, as sent and in the order in which they were sent; others may stand between.
    pub order: Option<Vec<String>>,
    pub tls: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub fn all(&self) -> &[String] {
        match self {
            OneOrMany::One(text) => std::slice::from_ref(text),
            OneOrMany::Many(texts) => texts,
        }
    }
}

impl Case {
    /// The steps, whichever way they are written; none where the worker cannot be made.
    pub fn steps(&self) -> Vec<Step> {
        match (&self.request, &self.expect) {
            (Some(request), Some(expect)) => {
                vec![Step { request: Some(request.clone()), expect: expect.clone(), ..Step::default() }]
            }
            _ => self.step.clone(),
        }
    }

    /// Whether it is taken that way.
    pub fn goes(&self, through_a_pool: bool) -> bool {
        match &self.via {
            None => true,
            Some(Via::Worker(_)) => !through_a_pool,
            Some(Via::Pool(_)) => through_a_pool,
        }
    }

    fn check(&self) -> Result<(), String> {
        let complain = |what: &str| Err(format!("{}: {what}", self.name));
        if let Some(Via::Worker(why) | Via::Pool(why)) = &self.via
            && why.is_empty()
        {
            return complain("via has no reason");
        }
        let pools = |step: &Step| step.submit.is_some() || step.next.is_some() || !step.pool.is_empty();
        if (!self.pool.is_empty() || self.step.iter().any(pools)) && self.goes(false) {
            return complain("what is done with a pool needs via.pool");
        }
        match (&self.request, &self.expect, self.step.is_empty()) {
            (Some(_), Some(_), true) => Ok(()),
            (None, None, false) => match self.step.iter().all(|step| step.all().len() == 1) {
                true => Ok(()),
                false => complain("a step is one of request, submit, next, jar and pool"),
            },
            (None, Some(expect), true) if expect.status.is_some() => Ok(()),
            (None, Some(_), true) => complain("a worker that is refused needs expect.status"),
            _ => complain("a case has request and expect, or steps, or a worker that is refused and expect"),
        }
    }
}

/// The cases of all files of a folder. A case with `rows` stands for one case a row: `vars` names the columns, and
/// `{name}` stands for a column's text.
pub fn read_folder(folder: &Path) -> Vec<Case> {
    let entries = std::fs::read_dir(folder).expect("the folder of cases");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "toml")) {
        let topic = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).expect("a readable file");
        cases.extend(read(&topic, &text).unwrap_or_else(|why| panic!("{}: {why}", file.display())));
    }
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert!(twice.is_none(), "two cases have the name {twice:?}");
    cases
}

pub fn read(topic: &str, text: &str) -> Result<Vec<Case>, String> {
    let file: File = toml::from_str(text).map_err(|why| why.to_string())?;
    let mut cases = Vec::new();
    for table in file.case {
        for row in rows(table)? {
            let shown = row.get("name").and_then(Value::as_str).unwrap_or("a case").to_owned();
            let mut case: Case = Value::Table(row).try_into().map_err(|why| format!("{shown}: {why}"))?;
            case.name = format!("{topic}: {}", case.name);
            case.check()?;
            cases.push(case);
        }
    }
    Ok(cases)
}

fn rows(mut table: Table) -> Result<Vec<Table>, String> {
    let (Some(vars), Some(rows)) = (table.remove("vars"), table.remove("rows")) else { return Ok(vec![table]) };
    let strings = |value: Value| value.try_into::<Vec<String>>().map_err(|why| format!("vars and rows: {why}"));
    let vars = strings(vars)?;
    let rows: Vec<Value> = rows.try_into().map_err(|why| format!("rows: {why}"))?;
    let one = |row: Value| {
        let columns = strings(row)?;
        if columns.len() != vars.len() {
            return Err(format!("{columns:?} has not one column for each of {vars:?}"));
        }
        let pairs: Vec<_> = vars.iter().map(|var| format!("{{{var}}}")).zip(columns).collect();
        let fill = |text: &str| pairs.iter().fold(text.to_owned(), |text, (var, column)| text.replace(var, column));
        Ok(in_texts(Value::Table(table.clone()), &fill).as_table().expect("still a table").clone())
    };
    rows.into_iter().map(one).collect()
}

/// Replaces every text of a value, keys too.
pub fn in_texts(value: Value, fill: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(fill(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| in_texts(item, fill)).collect()),
        Value::Table(table) => {
            Value::Table(table.into_iter().map(|(key, item)| (fill(&key), in_texts(item, fill))).collect())
        }
        other => other,
    }
}
