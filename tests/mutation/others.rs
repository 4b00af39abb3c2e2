//! Shards and models.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use dvcall::examples::{Example, ShardReader};
use sha2::{Digest, Sha256};

use crate::common::{dvcall, sample};
use crate::harness::{Outcome, Random, damage, damage_text, run};

const MANIFEST: &str = "manifest.json";
const TENSORS: &str = "shard-00000.safetensors.zst";
const TABLE: &str = "shard-00000.tsv";

fn examples(folder: &Path) -> Result<Vec<Example>> {
    let reader = ShardReader::open(folder)?;
    let shards: Result<Vec<_>> = (0..reader.len()).map(|shard| reader.read(shard)).collect();
    Ok(shards?.concat())
}

#[test]
fn shards() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("examples");
    let mut command = dvcall();
    command.args([
        "make-examples",
        "--quiet",
        "--threads",
        "1",
        "--regions",
        "chrA:1000-6000",
    ]);
    command.arg("--ref").arg(sample().join("reference.fa"));
    command.arg("--reads").arg(sample().join("sample.bam"));
    command.arg("--truth").arg(sample().join("truth.vcf.gz"));
    command.arg("--confident").arg(sample().join("confident.bed"));
    command.arg("--output").arg(&set).assert().success();
    let whole = examples(&set).unwrap();
    assert!(!whole.is_empty());
    let names = [MANIFEST, TENSORS, TABLE];
    let files = names.map(|name| fs::read(set.join(name)).unwrap());
    let tensors = zstd::decode_all(files[1].as_slice()).unwrap();
    run("shards", 150, 1, |random| {
        names
            .iter()
            .zip(&files)
            .for_each(|(name, bytes)| fs::write(set.join(name), bytes).unwrap());
        let which = random.below(4);
        let what = match which {
            0 => {
                let mut text = String::from_utf8(files[0].clone()).unwrap();
                let what = damage_text(&mut text, random);
                fs::write(set.join(MANIFEST), text).unwrap();
                what
            }
            3 => repacked(&set, &tensors, &files[0], &files[1], random),
            _ => {
                let mut bytes = files[which].clone();
                let what = damage(&mut bytes, random);
                fs::write(set.join(names[which]), bytes).unwrap();
                what
            }
        };
        let outcome = match examples(&set) {
            Err(_) => Outcome::Refused,
            Ok(found) if found == whole => Outcome::Same,
            // What the manifest says of the library is in each example; what was repacked is another set.
            Ok(found) if matches!(which, 0 | 3) && found.len() == whole.len() => Outcome::Changed,
            Ok(found) => Outcome::Wrong(format!("{} of {} examples", found.len(), whole.len())),
        };
        (
            format!("{}: {what}", names.get(which).unwrap_or(&"repacked tensors")),
            outcome,
        )
    });
}

/// Tensors that were damaged before they were compressed, with a manifest that lists them.
fn repacked(set: &Path, tensors: &[u8], manifest: &[u8], old: &[u8], random: &mut Random) -> String {
    let mut bytes = tensors.to_vec();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut front: Vec<u8> = bytes.drain(..header).collect();
    let what = match random.below(2) {
        0 => damage(&mut front, random),
        _ => change_number(&mut front, 8, random),
    };
    let packed = zstd::encode_all([front, bytes].concat().as_slice(), 1).unwrap();
    let hex = |bytes: &[u8]| dvcall::examples::hex(&Sha256::digest(bytes));
    let manifest = String::from_utf8(manifest.to_vec())
        .unwrap()
        .replace(&hex(old), &hex(&packed));
    fs::write(set.join(MANIFEST), manifest).unwrap();
    fs::write(set.join(TENSORS), packed).unwrap();
    what
}

/// Puts another number into a safetensors header, and its new length before it.
fn change_number(front: &mut Vec<u8>, size: usize, random: &mut Random) -> String {
    let text = String::from_utf8(front.split_off(size)).unwrap();
    let numbers: Vec<(usize, &str)> = text.match_indices(|c: char| c.is_ascii_digit()).collect();
    let &(at, _) = random.pick(&numbers);
    let end = at + text[at..].find(|c: char| !c.is_ascii_digit()).unwrap();
    let new = *random.pick(&[
        "0",
        "1",
        "-1",
        "1000000000000",
        "4611686018427387904",
        "18446744073709551615",
        "1e30",
    ]);
    let text = format!("{}{new}{}", &text[..at], &text[end..]);
    front.clear();
    front.extend((text.len() as u64).to_le_bytes());
    front.extend(text.into_bytes());
    format!("number at {at} of the header becomes {new}")
}

/// Weights and card of the built-in model, damaged so that their checksums still fit.
#[test]
fn models() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let weights = fs::read(models.join("wgs.safetensors")).unwrap();
    let card = fs::read_to_string(models.join("wgs.json")).unwrap();
    let hex = |bytes: &[u8]| dvcall::examples::hex(&Sha256::digest(bytes));
    run("models", 4, 40, |random| {
        let (mut weights_now, mut card_now) = (weights.clone(), card.clone());
        let header = 8 + u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize;
        let what = match random.below(3) {
            0 => damage_text(&mut card_now, random),
            1 => {
                let mut front: Vec<u8> = weights_now.drain(..header).collect();
                let what = change_number(&mut front, 8, random);
                weights_now.splice(..0, front);
                what
            }
            _ => damage(&mut weights_now, random),
        };
        let card_now = card_now.replace(&hex(&weights), &hex(&weights_now));
        fs::write(path("model.safetensors"), weights_now).unwrap();
        fs::write(path("model.json"), card_now).unwrap();
        let mut command = dvcall();
        command.args([
            "call",
            "--quiet",
            "--threads",
            "1",
            "--device",
            "cpu",
            "--regions",
            "chrA:1600-1700",
        ]);
        command.arg("--ref").arg(sample().join("reference.fa"));
        command.arg("--reads").arg(sample().join("sample.bam"));
        command
            .arg("--model")
            .arg(path("model.safetensors"))
            .arg("--output")
            .arg(path("calls.vcf"));
        let output = command.timeout(Duration::from_secs(20)).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let outcome = match output.status.code() {
            Some(0) => Outcome::Changed,
            Some(1) if stderr.lines().count() == 1 && !stderr.contains("panicked") => Outcome::Refused,
            code => Outcome::Wrong(format!("exit {code:?}: {stderr}")),
        };
        (what, outcome)
    });
}
