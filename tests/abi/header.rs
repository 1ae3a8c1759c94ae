//! The committed header is what cbindgen makes of the source today.

use std::path::Path;

#[test]
fn the_committed_header_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("include/cbindgen.toml")).expect("include/cbindgen.toml");
    // Packages for other platforms need not be there.
    let builder = cbindgen::Builder::new().with_crate(root).with_config(config).with_only_target_dependencies(true);
    let bindings = builder.generate().expect("cbindgen");
    let mut made = Vec::new();
    bindings.write(&mut made);
    // What Rust calls safety is, to a C programmer, what the memory behind the pointers must be.
    let made = String::from_utf8(made).expect("UTF-8").replace("// # Safety\n// ", "// Memory: ");
    let path = root.join("include/http_sentinel.h");
    if std::env::var_os("HS_BLESS").is_some() {
        std::fs::write(&path, &made).expect("write the header");
    }
    let committed = std::fs::read_to_string(&path).expect("include/http_sentinel.h");
    assert!(committed == made, "include/http_sentinel.h is not what the source says: run `make header` and commit it");
}

/// cbindgen takes every public constant of the crate along: one that is not meant for callers would be theirs for ever.
#[test]
fn every_name_of_the_header_has_the_librarys_prefix() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = std::fs::read_to_string(root.join("include/http_sentinel.h")).expect("include/http_sentinel.h");
    let mut names = 0;
    for line in header.lines() {
        let name = match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["#define", name, ..] if name != "HTTP_SENTINEL_H" => name,
            ["typedef", "struct", name, ..] => name,
            ["}", name] => name.trim_end_matches(';'),
            _ => continue,
        };
        names += 1;
        assert!(name.starts_with("HS_") || name.starts_with("hs_"), "{name}");
    }
    assert!(names > 150, "the scan of the header found only {names} names");
}
