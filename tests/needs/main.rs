//! Tests that need what a checkout lacks: the real reads, Python packages, or other programs. Where that is missing a test
//! is ignored, and its line says what it needs. With DVCALL_REQUIRE_DATA=1 it fails instead; DVCALL_REQUIRE_GPU=1 and
//! DVCALL_REQUIRE_NGINX=1 do the same for tests that need a GPU or a web server.

#[path = "../common/mod.rs"]
mod common;

mod alleles;
mod call;
mod candidates;
mod evaluate;
mod evidence;
mod gpu;
mod joint;
mod library;
mod make_examples;
mod pileup;
mod remote;
mod targets;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// The folder of read sets with truth.
fn data() -> PathBuf {
    std::env::var_os("DVCALL_DATA").map_or_else(|| in_checkout("../shared/data"), PathBuf::from)
}

fn in_checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn is_installed(program: &str) -> bool {
    std::process::Command::new(program).arg("--version").output().is_ok()
}

const GPU: &str = "needs a GPU and scripts/setup.sh cuda";

/// A test is ignored unless `is_met`; `need` stands in its line.
struct Need {
    need: &'static str,
    is_met: bool,
}

/// Tests by the names of their functions.
macro_rules! trials {
    ($need:expr, $($test:path),+ $(,)?) => {
        [$(trial(stringify!($test), &$need, $test)),+]
    };
}

fn trial(name: &str, need: &Need, test: fn()) -> Trial {
    let variable = match need.need {
        GPU => "DVCALL_REQUIRE_GPU",
        server if server.contains("nginx") => "DVCALL_REQUIRE_NGINX",
        _ => "DVCALL_REQUIRE_DATA",
    };
    let is_required = std::env::var(variable).is_ok_and(|value| value == "1");
    let run = move || {
        test();
        Ok(())
    };
    Trial::test(name.replace(' ', ""), run)
        .with_kind(need.need)
        .with_ignored_flag(!need.is_met && !is_required)
}

fn main() -> ExitCode {
    let reads = Need {
        need: "needs the real reads in DVCALL_DATA",
        is_met: data().is_dir(),
    };
    let python = Need {
        need: "needs scripts/python.sh to have run once",
        is_met: in_checkout(".python").is_dir(),
    };
    let server = Need {
        need: "needs nginx (Debian: apt-get install nginx-light)",
        is_met: remote::nginx().is_some(),
    };
    let both = Need {
        need: "needs nginx and the real reads in DVCALL_DATA",
        is_met: server.is_met && reads.is_met,
    };
    let google = Need {
        need: "needs nginx and openssl",
        is_met: server.is_met && is_installed("openssl"),
    };
    let gpu = Need {
        need: GPU,
        is_met: gpu::is_there(),
    };
    let tools = ["samtools", "bcftools", "tabix", "curl"];
    let samtools = Need {
        need: "needs samtools",
        is_met: is_installed("samtools"),
    };
    let samtools_and_reads = Need {
        need: "needs samtools and the real reads in DVCALL_DATA",
        is_met: samtools.is_met && reads.is_met,
    };
    let mirror = Need {
        need: "needs nginx, samtools, bcftools, tabix and curl",
        is_met: server.is_met && tools.into_iter().all(is_installed),
    };
    let mut tests = Vec::from(trials!(
        reads,
        alleles::given_alleles_are_genotyped_at_least_as_well_as_found_ones,
        call::bam_and_cram_of_real_reads_give_the_same_records,
        call::blocks_are_as_sure_as_those_of_deepvariant,
        candidates::truth_is_among_the_candidates,
        candidates::candidates_are_those_of_deepvariant_without_weak_ones,
        evaluate::every_table_of_hap_py_is_reproduced,
        joint::cases_of_glnexus_are_joined_as_by_glnexus,
        library::real_reads_share_errors,
        make_examples::real_truth_is_explained,
        pileup::pileups_are_those_of_deepvariant,
    ));
    tests.extend(trials!(
        python,
        make_examples::python_reads_a_shard_in_the_lines_of_the_docs,
        remote::s3_gives_the_same_records,
    ));
    tests.extend(trials!(gpu, gpu::genotypes_on_a_gpu_are_those_of_the_cpu));
    tests.extend(trials!(
        server,
        remote::nginx_sends_little_more_than_the_region,
        remote::nginx_sends_little_of_a_large_file,
    ));
    tests.extend(trials!(google, remote::google_cloud_storage_gives_the_same_records));
    tests.extend(trials!(
        both,
        remote::nginx_sends_little_more_than_the_region_of_real_reads
    ));
    tests.extend(trials!(samtools, targets::depths_are_those_of_samtools));
    tests.extend(trials!(
        samtools_and_reads,
        targets::depths_of_real_reads_are_those_of_samtools
    ));
    tests.extend(trials!(
        mirror,
        remote::training_data_are_fetched_whole_resumed_and_checked
    ));
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
