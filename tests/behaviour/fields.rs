//! The fields of the header's structs as tables in C and C++, so that their drivers find a field by its name as those in
//! Go and Zig do, which have reflection.

use crate::library::root;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

pub struct Struct {
    pub name: String,
    pub fields: Vec<Field>,
}

pub struct Field {
    pub name: String,
    pub kind: Kind,
}

/// What there is to be done with a field; what no kind fits is left out.
pub enum Kind {
    Unsigned32,
    Signed32,
    Unsigned64,
    Signed64,
    Text,
    Texts {
        count: String,
    },
    Numbers16 {
        count: String,
    },
    Numbers32 {
        count: String,
    },
    Struct {
        of: String,
    },
    Structs {
        of: String,
        count: String,
    },
    /// A handle, with the kind of its object.
    Object {
        of: String,
    },
    Callback {
        of: String,
    },
}

/// Writes `fields.h` and `fields.hpp` into a folder.
pub fn write(folder: &Path) {
    let structs = read();
    for (name, text) in [("fields.h", c(&structs)), ("callbacks.h", callbacks()), ("fields.hpp", cpp(&structs))] {
        std::fs::write(folder.join(name), text).expect("a file under the target directory");
    }
}

/// The structs of the header, in its order.
pub fn read() -> Vec<Struct> {
    structs(&std::fs::read_to_string(root().join("include/http_sentinel.h")).expect("the header"))
}

fn structs(header: &str) -> Vec<Struct> {
    let (mut callbacks, mut opaque) = (HashSet::new(), HashSet::new());
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut inside = false;
    for line in header.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        if let Some((_, rest)) = line.strip_prefix("typedef ").and_then(|rest| rest.split_once("(*")) {
            callbacks.insert(rest.split(')').next().unwrap_or_default().to_owned());
        } else if let Some(name) = line.strip_prefix("typedef struct ").and_then(|rest| rest.strip_suffix(" {")) {
            found.push((name.to_owned(), Vec::new()));
            inside = true;
        } else if let Some(rest) = line.strip_prefix("typedef struct ") {
            opaque.extend(rest.split(' ').next().map(str::to_owned));
        } else if line.starts_with('}') {
            inside = false;
        } else if let (true, Some(declared)) = (inside, line.strip_suffix(';')) {
            let at = declared.rfind(|c: char| !c.is_alphanumeric() && !"_[]".contains(c)).map_or(0, |at| at + 1);
            let kind = declared[..at].replace("const ", "").replace("struct ", "").replace(' ', "");
            found.last_mut().expect("a struct").1.push((declared[at..].to_owned(), kind));
        }
    }
    let one = |(name, fields): &(String, Vec<(String, String)>)| {
        let kind_of = |(field, kind): &(String, String)| {
            let counts =
                ["", "s", "es"].iter().filter_map(|plural| Some(format!("{}_count", field.strip_suffix(plural)?)));
            let count = counts.into_iter().find(|count| fields.iter().any(|(other, _)| other == count));
            let kind = match (kind.as_str(), count) {
                _ if field.contains('[') => return None,
                ("uint32_t", _) => Kind::Unsigned32,
                ("int32_t" | "hs_status" | "hs_phase", _) => Kind::Signed32,
                ("uint64_t" | "size_t", _) => Kind::Unsigned64,
                ("int64_t", _) => Kind::Signed64,
                ("hs_str", _) => Kind::Text,
                ("hs_str*", Some(count)) => Kind::Texts { count },
                ("uint16_t*", Some(count)) => Kind::Numbers16 { count },
                ("uint32_t*", Some(count)) => Kind::Numbers32 { count },
                (callback, _) if callbacks.contains(callback) => Kind::Callback { of: callback.to_owned() },
                (pointer, count) => {
                    let of = pointer.strip_suffix('*')?.to_owned();
                    match (opaque.contains(&of), found.iter().any(|(known, _)| *known == of), count) {
                        (true, ..) => Kind::Object { of: of.strip_prefix("hs_")?.to_owned() },
                        (_, true, Some(count)) => Kind::Structs { of, count },
                        (_, true, None) => Kind::Struct { of },
                        _ => return None,
                    }
                }
            };
            Some(Field { name: field.clone(), kind })
        };
        Struct { name: name.clone(), fields: fields.iter().filter_map(kind_of).collect() }
    };
    found.iter().map(one).filter(|known| !known.fields.is_empty()).collect()
}

/// For C, which cannot find it out: the callbacks that are told a struct, and which.
fn callbacks() -> String {
    let header = std::fs::read_to_string(root().join("include/http_sentinel.h")).expect("the header");
    let one = |line: &str| {
        let (name, rest) = line.strip_prefix("typedef void (*")?.split_once(')')?;
        let told = rest.strip_prefix("(void *user_data, const struct ")?.strip_suffix(" *event);")?;
        Some(format!(" \\\n    TELL({name}, {told}, \"{}\")", shown(told)))
    };
    let all: String = header.lines().filter_map(one).collect();
    format!("#define CALLBACKS(TELL){all}\n")
}

/// How lines of the log begin that tell of such a struct: `breaker` for `hs_breaker_event`.
fn shown(name: &str) -> &str {
    let name = name.strip_prefix("hs_").unwrap_or(name);
    name.strip_suffix("_event").unwrap_or(name)
}

fn c(structs: &[Struct]) -> String {
    let mut text = String::new();
    for Struct { name, fields } in structs {
        let _ = writeln!(text, "static const field {name}_fields[] = {{");
        for Field { name: field, kind } in fields {
            let (nothing, at) = ("NULL", |other: &str| format!("offsetof({name}, {other})"));
            let (kind, of, count, named) = match kind {
                Kind::Unsigned32 => ("UNSIGNED32", nothing.to_owned(), "0".to_owned(), ""),
                Kind::Signed32 => ("SIGNED32", nothing.to_owned(), "0".to_owned(), ""),
                Kind::Unsigned64 => ("UNSIGNED64", nothing.to_owned(), "0".to_owned(), ""),
                Kind::Signed64 => ("SIGNED64", nothing.to_owned(), "0".to_owned(), ""),
                Kind::Text => ("TEXT", nothing.to_owned(), "0".to_owned(), ""),
                Kind::Texts { count } => ("TEXTS", nothing.to_owned(), at(count), ""),
                Kind::Numbers16 { count } => ("NUMBERS16", nothing.to_owned(), at(count), ""),
                Kind::Numbers32 { count } => ("NUMBERS32", nothing.to_owned(), at(count), ""),
                Kind::Struct { of } => ("STRUCT", format!("&{of}_table"), "0".to_owned(), ""),
                Kind::Structs { of, count } => ("STRUCTS", format!("&{of}_table"), at(count), ""),
                Kind::Object { of } => ("OBJECT", nothing.to_owned(), "0".to_owned(), of.as_str()),
                Kind::Callback { of } => ("CALLBACK", nothing.to_owned(), at("user_data"), of.as_str()),
            };
            let _ = writeln!(text, "    {{\"{field}\", {kind}, {}, {of}, {count}, \"{named}\"}},", at(field));
        }
        let size = format!("sizeof({name}_fields) / sizeof *{name}_fields");
        let _ = writeln!(text, "}};\nstatic const table {name}_table = {{{name}_fields, {size}, sizeof({name})}};\n");
    }
    text.push_str("static const struct {\n    const char *name;\n    const table *table;\n} tables[] = {\n");
    for Struct { name, .. } in structs {
        let _ = writeln!(text, "    {{\"{name}\", &{name}_table}},");
    }
    text.push_str("};\n");
    text
}

fn cpp(structs: &[Struct]) -> String {
    let mut text = String::new();
    for Struct { name, fields } in structs {
        let _ = writeln!(text, "template <>\ninline const Fields<{name}> fields_of<{name}>{{");
        for Field { name: field, kind } in fields {
            let at = format!("&{name}::{field}");
            let value = match kind {
                Kind::Texts { count } => format!("Texts<{name}>{{{at}, &{name}::{count}}}"),
                Kind::Numbers16 { count } | Kind::Numbers32 { count } => {
                    format!("Pointer<{at}>::numbers<&{name}::{count}>")
                }
                Kind::Struct { .. } => format!("Pointer<{at}>::one"),
                Kind::Structs { count, .. } => format!("Pointer<{at}>::many<&{name}::{count}>"),
                Kind::Object { of } => format!("Handle<{name}>{{Pointer<{at}>::object, \"{of}\"}}"),
                Kind::Callback { .. } => format!("Callback<{name}>{{Function<{at}>::set, &{name}::user_data}}"),
                _ => at,
            };
            let _ = writeln!(text, "    {{\"{field}\", {value}}},");
        }
        text.push_str("};\n\n");
        let shown = shown(name);
        let _ = writeln!(text, "template <> inline constexpr std::string_view shown<{name}> = \"{shown}\";\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_options_is_found() {
        let structs = read();
        let found = |name: &str| structs.iter().find(|known| known.name == name).expect(name);
        let kind =
            |of: &str, field: &str| found(of).fields.iter().find(|known| known.name == field).map(|field| &field.kind);
        assert!(matches!(kind("hs_worker_options", "timeout_ms"), Some(Kind::Unsigned64)));
        assert!(matches!(kind("hs_worker_options", "mock"), Some(Kind::Object { of }) if of == "mock"));
        assert!(matches!(kind("hs_worker_options", "tls"), Some(Kind::Struct { of }) if of == "hs_tls_options"));
        assert!(matches!(kind("hs_address_rule", "deny"), Some(Kind::Texts { count }) if count == "deny_count"));
        assert!(
            matches!(kind("hs_mock_rule", "headers"), Some(Kind::Structs { count, .. }) if count == "header_count")
        );
        assert!(matches!(kind("hs_mock_rule", "failure"), Some(Kind::Signed32)));
        assert!(
            matches!(kind("hs_observe_options", "on_event"), Some(Kind::Callback { of }) if of == "hs_event_callback")
        );
        assert!(matches!(kind("hs_simulation_options", "wall_ns"), Some(Kind::Signed64)));
        assert!(kind("hs_completion", "tag").is_some() && kind("hs_completion", "more").is_none());
    }
}
