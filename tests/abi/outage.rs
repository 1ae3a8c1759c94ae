//! The figure of an outage is what the program draws: the same numbers everywhere, or it is drawn anew and looked at.

use crate::compile::{self, Ring};
use crate::run;

#[test]
fn the_figure_is_what_is_drawn() {
    let binary = compile::output("outage-plain");
    compile::compile(&[compile::root().join("benches/outage.c")], &binary, Ring::Plain, true);
    let drawn = compile::output("outage.svg");
    let output = run::output(run::under(Ring::Plain, &binary).arg("--svg").arg(&drawn));
    assert!(output.status.success(), "{output:?}");
    let read = |path| std::fs::read_to_string(path).expect("a figure");
    let committed = compile::root().join("src/resilience/outage.svg");
    assert!(
        read(drawn) == read(committed),
        "src/resilience/outage.svg is not what benches/outage.c draws: make outage"
    );
}
