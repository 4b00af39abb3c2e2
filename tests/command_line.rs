//! What dvcall says about itself.

mod common;

use common::dvcall;

fn printed(arguments: &[&str]) -> String {
    let output = dvcall().args(arguments).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn version_is_one_line_and_more_if_asked() {
    let line = format!("dvcall {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(printed(&["--version"]), line);
    assert_eq!(printed(&["-V"]), line);
    for flags in [["--version", "--verbose"], ["--verbose", "-V"]] {
        let text = printed(&flags);
        let names = text.lines().map(|line| line.split(' ').next().unwrap());
        assert!(
            names.eq(["dvcall", "libtorch", "htslib", "CUDA:", "built-in"]),
            "{text}"
        );
        assert!(text.starts_with(&line), "{text}");
    }
}
