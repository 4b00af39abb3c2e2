//! The index of the reference: missing, damaged, or of another file.

use crate::errors::{Case, REFERENCE, good, with_query};

#[test]
fn references_without_an_index_or_with_one_of_another_file() {
    const AGAIN: &str = "samtools faidx";
    let fai = |case: &Case| case.world.path("ref.fa.fai");
    let case = with_query(good);
    std::fs::remove_file(fai(&case)).unwrap();
    case.fails_with(&["no .fai index", AGAIN]);
    // Longer, shorter, elsewhere, other lines, another name, not all contigs.
    for wrong in [
        "c\t4400\t3\t4400\t4401\n",
        "c\t45\t3\t45\t46\n",
        "c\t43\t3\t43\t44\n",
        "c\t44\t4\t44\t45\n",
        "c\t44\t3\t22\t23\n",
        "d\t44\t3\t44\t45\n",
        "c\t44\t3\t44\t45\nd\t44\t51\t44\t45\n",
    ] {
        let case = with_query(good);
        std::fs::write(fai(&case), wrong).unwrap();
        case.fails_with(&["ref.fa.fai is stale", AGAIN]);
    }
    for damaged in ["c\t44\n", "c\t44\t3\t0\t0\n"] {
        let case = with_query(good);
        std::fs::write(fai(&case), damaged).unwrap();
        case.fails_with(&["is damaged", AGAIN]);
    }
    let case = with_query(good);
    std::fs::write(case.world.fasta(), format!(">c\n{REFERENCE}\n>d\n{REFERENCE}\n")).unwrap();
    case.fails_with(&["ref.fa.fai is stale", AGAIN]);
    // What has no base, no index knows.
    let mut case = with_query(good);
    std::fs::write(case.world.fasta(), format!(">empty\n\n>c\n{REFERENCE}\n")).unwrap();
    std::fs::write(fai(&case), "c\t44\t11\t44\t45\n").unwrap();
    case.command.assert().success();
}
