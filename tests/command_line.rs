//! Tests of dvcall's version, help, manual pages and completions.

mod common;

use clap::CommandFactory;
use common::{dvcall, error_of};
use dvcall::cli::Cli;

fn printed(arguments: &[&str]) -> String {
    let output = dvcall().args(arguments).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn version_is_one_line_or_more_with_verbose() {
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

#[test]
fn every_command_has_a_manual_page_and_completions() {
    let completions = ["bash", "zsh", "fish"].map(|shell| printed(&["completions", shell]));
    let commands = Cli::command();
    let commands: Vec<_> = commands
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .collect();
    assert!(!commands.is_empty());
    for command in commands {
        let name = command.get_name();
        assert!(completions.iter().all(|script| script.contains(name)), "{name}");
        let page = printed(&["man", name]);
        for flag in command.get_arguments().filter_map(|flag| flag.get_long()) {
            // roff escapes hyphens.
            let flag = format!("\\-\\-{}", flag.replace('-', "\\-"));
            assert!(page.contains(&flag), "{name} {flag}: {page}");
        }
    }
    assert!(printed(&["man"]).contains("dvcall\\-call(1)"));
    let error = error_of(dvcall().args(["man", "cal"]));
    assert_eq!(
        error,
        "dvcall: error: cal is not a command of dvcall; see dvcall --help\n"
    );
}
