//! Tests of `dvcall train`, `dvcall calibrate` and `dvcall model-info`.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use dvcall::examples::{Example, ROW_BYTES, ShardWriter};
use dvcall::library::Library;
use dvcall::model::{Card, Model, Random, card_path};
use dvcall::pileup::{CENTER, CHANNELS, REFERENCE_ROWS};
use dvcall::variants::VariantType;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

/// Fractions of reads with the allele in a task that can be learned: few, half, or nearly all reads.
const FRACTIONS: [f64; 3] = [0.12, 0.5, 0.95];

fn example(random: &mut Random, fractions: [f64; 3]) -> Example {
    let label = random.below(3);
    let variant_type = VariantType::ALL[random.below(2)];
    let rows = REFERENCE_ROWS + 10 + random.below(20);
    let mut image = vec![0; rows * ROW_BYTES];
    for (row, bytes) in image.chunks_exact_mut(ROW_BYTES).enumerate() {
        let supports = row >= REFERENCE_ROWS && random.uniform() < fractions[label];
        let reverse = random.uniform() < 0.5;
        for (column, pixel) in bytes.chunks_exact_mut(CHANNELS).enumerate() {
            let differs = supports && column == CENTER;
            pixel.copy_from_slice(&[
                [250, 180, 100, 30][(column * 7 + usize::from(differs)) % 4],
                200,
                254,
                if reverse { 240 } else { 70 },
                if supports { 254 } else { 152 },
                if differs { 254 } else { 50 },
                100,
            ]);
        }
    }
    Example {
        image,
        label: Some(label as u8),
        contig: "synthetic".into(),
        position: 0,
        reference: b"A".to_vec(),
        alternates: vec![b"C".to_vec()],
        allele_indices: vec![0],
        context: variant_type.into(),
    }
}

fn shards(directory: &Path, n: usize, seed: u64, fractions: [f64; 3]) {
    shards_with(directory, n, seed, fractions, serde_json::json!({"seed": seed}));
}

/// Shards whose manifest holds `info`.
fn shards_with(directory: &Path, n: usize, seed: u64, fractions: [f64; 3], info: serde_json::Value) {
    let _ = std::fs::remove_dir_all(directory);
    let mut writer = ShardWriter::create(directory, Library::TYPICAL, info).unwrap();
    let mut random = Random::new(&[seed]);
    (0..n).for_each(|_| writer.push(example(&mut random, fractions)).unwrap());
    writer.finish().unwrap();
}

/// A temporary folder with shards for training and for validation.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new(examples: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        shards(&folder.path().join("training"), examples, 1, FRACTIONS);
        shards(&folder.path().join("validation"), 200, 2, FRACTIONS);
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn arguments(&self, output: &str, more: &[&str]) -> Vec<String> {
        let path = |name: &str| self.path(name).display().to_string();
        let mut arguments = ["train", "--threads", "1"].map(str::to_owned).to_vec();
        if !more.contains(&"--device") {
            arguments.extend(["--device", "cpu"].map(str::to_owned));
        }
        if !more.contains(&"--init-from") {
            let size = "--stem 8 --stages 8,16 --columns 65 --hidden 32";
            arguments.extend(size.split(' ').map(str::to_owned));
        }
        for (flag, name) in [
            ("--examples", "training"),
            ("--validation", "validation"),
            ("--output", output),
        ] {
            arguments.extend([flag.into(), path(name)]);
        }
        arguments.extend(more.iter().map(|&s| s.to_owned()));
        arguments
    }

    fn train(&self, output: &str, more: &[&str]) -> assert_cmd::assert::Assert {
        Command::cargo_bin("dvcall")
            .unwrap()
            .args(self.arguments(output, more))
            .assert()
    }

    fn card(&self, output: &str) -> Card {
        Model::load(&self.path(output)).unwrap().card().clone()
    }
}

#[test]
fn a_task_is_learned_and_the_card_describes_the_training() {
    let world = World::new(1500);
    let started = Instant::now();
    world
        .train(
            "m.safetensors",
            &["--epochs", "6", "--average-decay", "0.98", "--notes", "a toy"],
        )
        .success();
    println!("trained in {:?}", started.elapsed());
    let card = world.card("m.safetensors");
    let training = card.training.unwrap();
    let best = &training.epochs[training.best_epoch - 1];
    assert!(best.snp.f1 > 0.9 && best.indel.f1 > 0.9, "{best:?}");
    assert!(best.snp.cross_entropy < 0.3);
    assert!(training.epochs[0].training_loss > training.epochs[5].training_loss);
    assert_eq!((training.epochs.len(), training.examples.len()), (6, 1));
    assert_eq!(training.settings["seed"], 1);
    let log = std::fs::read_to_string(world.path("m.log.csv")).unwrap();
    assert_eq!(log.lines().count(), 7);
    assert!(
        std::fs::read_to_string(world.path("m.svg"))
            .unwrap()
            .ends_with("</svg>\n")
    );
    let model = world.path("m.safetensors");
    let info = Command::cargo_bin("dvcall")
        .unwrap()
        .args(["model-info", "--model"])
        .arg(model)
        .assert()
        .success();
    info.stdout(
        contains("a toy")
            .and(contains(training.examples[0].sha256.clone()))
            .and(contains("label smoothing")),
    );
}

#[test]
fn a_killed_training_resumes_to_the_same_weights() {
    let world = World::new(1200);
    let settings = ["--epochs", "3", "--checkpoint-steps", "7", "--resume"];
    world.train("whole.safetensors", &settings).success();

    let checkpoint = world.path("cut.checkpoint.safetensors");
    let mut kills = 0;
    for wait in [0, 300, 700] {
        let mut child = Process::new(assert_cmd::cargo::cargo_bin("dvcall"))
            .args(world.arguments("cut.safetensors", &settings))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let changed = |p: &Path| std::fs::metadata(p).and_then(|m| m.modified()).ok();
        let (before, deadline) = (changed(&checkpoint), Instant::now() + Duration::from_secs(60));
        while changed(&checkpoint) == before && child.try_wait().unwrap().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(wait));
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills >= 2, "the trainings ended before they were killed");
    world.train("cut.safetensors", &settings).success();

    let read = |name: &str| std::fs::read(world.path(name)).unwrap();
    assert_eq!(read("whole.safetensors"), read("cut.safetensors"));
    let epochs = |name: &str| {
        world
            .card(name)
            .training
            .unwrap()
            .epochs
            .iter()
            .map(|e| (e.snp, e.indel))
            .collect::<Vec<_>>()
    };
    assert_eq!(epochs("whole.safetensors"), epochs("cut.safetensors"));
}

#[test]
fn a_finished_training_goes_on_with_more_epochs() {
    let world = World::new(100);
    world.train("m.safetensors", &["--epochs", "2"]).success();
    let two = world.card("m.safetensors").training.unwrap().epochs;
    world.train("m.safetensors", &["--epochs", "3", "--resume"]).success();
    let training = world.card("m.safetensors").training.unwrap();
    assert_eq!((training.epochs.len(), &training.settings["epochs"]), (3, &3.into()));
    assert_eq!(training.epochs[..2], two);
    // Both trainings ended at the lowest rate.
    let rates: Vec<f64> = training.epochs.iter().map(|epoch| epoch.learning_rate).collect();
    assert!(rates[1] < 2e-5 && rates[2] < 2e-5, "{rates:?}");
    world
        .train("m.safetensors", &["--epochs", "2", "--resume"])
        .code(1)
        .stderr(contains("--epochs was 3").and(contains("give as many or more")));
}

#[test]
fn a_training_resumes_only_with_its_own_model() {
    let world = World::new(200);
    world.train("m.safetensors", &["--epochs", "1"]).success();
    world
        .train("other.safetensors", &["--epochs", "1", "--seed", "2"])
        .success();
    let (model, card) = (world.path("m.safetensors"), world.path("m.json"));
    let resume = ["--epochs", "1", "--resume"];
    let whole = std::fs::read(&card).unwrap();

    // Saving was interrupted twice: after the card was in place but before the weights, and once before that.
    let interim = |model: &str| {
        let checksum = world.card(model).weights_sha256;
        world.path(&format!("m.interim-{}.safetensors", &checksum[..16]))
    };
    let (new, unnamed) = (interim("m.safetensors"), interim("other.safetensors"));
    std::fs::rename(&model, &new).unwrap();
    for old in [&model, &unnamed] {
        std::fs::copy(world.path("other.safetensors"), old).unwrap();
    }
    assert_eq!(
        world.card("m.safetensors"),
        serde_json::from_slice::<Card>(&whole).unwrap()
    );
    world.train("m.safetensors", &resume).success();
    assert_eq!(std::fs::read(&card).unwrap(), whole);
    assert!(!new.exists() && !unnamed.exists());
    assert!(world.card("m.safetensors").training.is_some());

    let is_refused = || {
        let refused = world.train("m.safetensors", &resume).code(1);
        refused.stderr(contains("m.safetensors is not the model of epoch 1"));
    };
    std::fs::remove_file(&model).unwrap();
    is_refused();
    std::fs::copy(world.path("other.safetensors"), &model).unwrap();
    std::fs::copy(world.path("other.json"), &card).unwrap();
    is_refused();
}

#[test]
fn examples_of_an_incomplete_batch_have_the_same_weight_for_any_batch_size() {
    let world = World::new(100);
    let train = |name: &str, batch_size: &str| {
        world
            .train(name, &["--epochs", "1", "--batch-size", batch_size])
            .success();
        std::fs::read(world.path(name)).unwrap()
    };
    assert!(train("a.safetensors", "1000") == train("b.safetensors", "2000"));
}

#[test]
fn fine_tuning_starts_from_the_trained_weights() {
    let world = World::new(1000);
    world
        .train(
            "first.safetensors",
            &["--epochs", "4", "--average-decay", "0.98", "--easy-examples", "1"],
        )
        .success();
    // Another chemistry: fewer reads have the allele.
    shards(&world.path("training"), 200, 3, [0.06, 0.35, 0.8]);
    shards(&world.path("validation"), 200, 4, [0.06, 0.35, 0.8]);
    let first = world.path("first.safetensors");
    let tuning = [
        "--epochs",
        "3",
        "--average-decay",
        "0.9",
        "--easy-examples",
        "1",
        "--init-from",
        first.to_str().unwrap(),
    ];
    world.train("tuned.safetensors", &tuning).success();
    world.train("afresh.safetensors", &tuning[..6]).success();
    let loss = |name: &str| {
        let training = world.card(name).training.unwrap();
        let best = &training.epochs[training.best_epoch - 1];
        best.snp.cross_entropy + best.indel.cross_entropy
    };
    assert!(loss("tuned.safetensors") < loss("afresh.safetensors"));
    let training = world.card("tuned.safetensors").training.unwrap();
    let start = Model::load(&first).unwrap();
    assert_eq!(training.init_from.as_deref(), Some(start.checksum()));
    let learned = start.card().learned();
    assert_eq!(training.learned_before, learned);
    assert_eq!(learned.len(), 1);

    // The model's training data must not evaluate the model or one tuned from it.
    shards(&world.path("validation"), 1000, 1, FRACTIONS);
    world
        .train("judged.safetensors", &tuning)
        .code(1)
        .stderr(contains("first was trained on"));
    let tuned = world.path("tuned.safetensors").display().to_string();
    world
        .train("judged.safetensors", &["--init-from", &tuned])
        .code(1)
        .stderr(contains("tuned was trained on"));
    world
        .train("judged.safetensors", &["--init-from", &tuned, "--stem", "4"])
        .code(2)
        .stderr(contains("cannot be used with"));
}

/// Sets the thresholds of a model's cascade, as if many decisions had shown them.
fn believe(model: &Path, threshold: f64) {
    let card = std::fs::read_to_string(card_path(model)).unwrap();
    let mut card: serde_json::Value = serde_json::from_str(&card).unwrap();
    let threshold = serde_json::json!({
        "threshold": threshold, "examples": 0, "decided": 0, "wrong": 0, "network_wrong": 0, "wrong_alone": 0
    });
    card["cascade"] = serde_json::json!({ "snp": threshold, "indel": threshold });
    std::fs::write(card_path(model), card.to_string()).unwrap();
}

#[test]
fn validation_does_not_choose_the_examples_to_learn_from() {
    let world = World::new(1600);
    world.train("start.safetensors", &["--epochs", "1"]).success();
    let start = world.path("start.safetensors");
    believe(&start, 0.9);
    let weights = |name: &str, easy_examples: &str| {
        let more = ["--epochs", "1", "--easy-examples", easy_examples, "--init-from"];
        let more = [&more[..], &[start.to_str().unwrap(), "--learning-rate", "0.01"]].concat();
        world.train(name, &more).success();
        let checkpoint = world.path(name).with_extension("checkpoint.safetensors");
        let tensors = tch::Tensor::read_safetensors(checkpoint).unwrap();
        tensors
            .into_iter()
            .find(|(name, _)| name == "weight/heads.weight")
            .unwrap()
            .1
    };
    let tuned = weights("a.safetensors", "0");
    assert_ne!(tuned, weights("b.safetensors", "1"), "no example is easy");
    // Here the cascade decides wrongly.
    shards(&world.path("validation"), 200, 9, [0.5, 0.95, 0.12]);
    assert_eq!(tuned, weights("c.safetensors", "0"));
}

#[test]
fn fine_tuning_remembers_the_original_training() {
    let world = World::new(1000);
    let settings = ["--average-decay", "0.9", "--easy-examples", "1", "--epochs"];
    world
        .train("first.safetensors", &[&settings[..], &["4"]].concat())
        .success();
    // In another chemistry, the fractions mean other genotypes; the validation set is still the old one.
    shards(&world.path("training"), 200, 3, [0.5, 0.95, 0.12]);
    let first = world.path("first.safetensors").display().to_string();
    let old_loss = |name: &str, remember: &str| {
        let more = [
            "1",
            "--init-from",
            &first,
            "--learning-rate",
            "0.01",
            "--remember",
            remember,
        ];
        world.train(name, &[&settings[..], &more].concat()).success();
        let epoch = world.card(name).training.unwrap().epochs[0].clone();
        epoch.snp.cross_entropy + epoch.indel.cross_entropy
    };
    let losses = ["0", "1", "10", "100", "10000"].map(|remember| old_loss("tuned.safetensors", remember));
    let [without, .., firmly] = losses;
    assert!(
        firmly < 0.9 * without && losses.is_sorted_by(|weaker, firmer| firmer <= weaker),
        "{losses:?}"
    );
}

#[test]
fn the_starting_model_stays_if_no_epoch_is_better() {
    let world = World::new(1000);
    let settings = ["--average-decay", "0.9", "--easy-examples", "1", "--epochs"];
    world
        .train("first.safetensors", &[&settings[..], &["4"]].concat())
        .success();
    // These examples teach other genotypes than those of the validation set.
    shards(&world.path("training"), 200, 3, [0.5, 0.95, 0.12]);
    let first = world.path("first.safetensors").display().to_string();
    let more = ["2", "--init-from", &first, "--learning-rate", "0.01", "--remember", "0"];
    let tuning = [&settings[..], &more].concat();
    world
        .train("tuned.safetensors", &tuning)
        .success()
        .stderr(contains("the starting model: SNP F1 ").and(contains("holds the starting model, because no epoch")));
    let read = |name: &str| std::fs::read(world.path(name)).unwrap();
    assert!(read("tuned.safetensors") == read("first.safetensors"));
    let (start, kept) = (world.card("first.safetensors"), world.card("tuned.safetensors"));
    assert_eq!(
        (kept.calibration, kept.cascade, kept.name.as_str()),
        (start.calibration, start.cascade, "tuned")
    );
    let training = kept.training.as_ref().unwrap();
    assert_eq!((training.best_epoch, training.epochs.len()), (0, 2));
    // The model has not learned from the examples of the second training.
    assert_eq!(kept.learned(), start.learned());
    world
        .train("tuned.safetensors", &[&tuning[..], &["--resume"]].concat())
        .success();
    let info = Command::cargo_bin("dvcall")
        .unwrap()
        .args(["model-info", "--model"])
        .arg(world.path("tuned.safetensors"))
        .assert();
    info.success()
        .stdout(contains("the start, because none of 2 was better").and(contains("cross-entropy")));
}

#[test]
fn a_model_is_calibrated_to_other_examples() {
    let world = World::new(300);
    world.train("m.safetensors", &["--epochs", "1"]).success();
    // Where alleles are rarer, the same weights are overconfident.
    shards(&world.path("elsewhere"), 400, 5, [0.5, 0.12, 0.95]);
    let calibrate = |examples: &str, output: &str| {
        Command::cargo_bin("dvcall")
            .unwrap()
            .args(["calibrate", "--device", "cpu", "--model"])
            .arg(world.path("m.safetensors"))
            .arg("--examples")
            .arg(world.path(examples))
            .arg("--output")
            .arg(world.path(output))
            .assert()
    };
    calibrate("elsewhere", "mine.safetensors").success();
    let (before, after) = (world.card("m.safetensors"), world.card("mine.safetensors"));
    assert_eq!(before.weights_sha256, after.weights_sha256);
    assert_eq!((after.name.as_str(), &after.training), ("mine", &before.training));
    assert_ne!(before.calibration, after.calibration);
    assert_eq!(after.calibrated_on.len(), 1);
    Command::cargo_bin("dvcall")
        .unwrap()
        .args(["model-info", "--model"])
        .arg(world.path("mine.safetensors"))
        .assert()
        .success()
        .stdout(contains("calibrated on").and(contains("elsewhere")));

    calibrate("training", "cheating.safetensors")
        .failure()
        .stderr(contains("was trained on"));
    assert!(!world.path("cheating.safetensors").exists());

    // A cascade needs more examples than these; a model without a cascade is valid.
    let small = World::new(40);
    small.train("m.safetensors", &["--epochs", "1"]).success();
    assert_eq!(small.card("m.safetensors").cascade, None);
    std::fs::copy(small.path("m.json"), world.path("m.json")).unwrap();
    std::fs::copy(small.path("m.safetensors"), world.path("m.safetensors")).unwrap();
    calibrate("elsewhere", "plain.safetensors").success();
}

#[test]
fn a_model_does_not_replace_its_initial_model_or_other_files() {
    let world = World::new(40);
    std::fs::write(world.path("keep.json"), "{\"mine\": 1}").unwrap();
    let epochs = ["--epochs", "1"];
    let message = "keep.json, which is not a model card";
    world
        .train("keep.safetensors", &epochs)
        .code(1)
        .stderr(contains(message));
    assert_eq!(
        std::fs::read_to_string(world.path("keep.json")).unwrap(),
        "{\"mine\": 1}"
    );
    world
        .train("training/manifest.safetensors", &epochs)
        .code(1)
        .stderr(contains("manifest.json, which is not a model card"));
    std::fs::create_dir(world.path("m.log.csv")).unwrap();
    world
        .train("m.safetensors", &epochs)
        .code(1)
        .stderr(contains("m.log.csv: it is not a regular file"));
    std::fs::remove_dir(world.path("m.log.csv")).unwrap();

    world.train("m.safetensors", &epochs).success();
    let model = world.path("m.safetensors").display().to_string();
    world
        .train("m.safetensors", &["--init-from", &model])
        .code(1)
        .stderr(contains("would replace the input"));
    let mut calibrate = Command::cargo_bin("dvcall").unwrap();
    calibrate.args(["calibrate", "--model", &model, "--output", &model, "--examples"]);
    calibrate
        .arg(world.path("validation"))
        .assert()
        .code(1)
        .stderr(contains("would replace the input"));
    // A card may be replaced, and a link is kept.
    std::os::unix::fs::symlink(&model, world.path("link.safetensors")).unwrap();
    world.train("link.safetensors", &["--epochs", "2"]).success();
    assert!(world.path("link.safetensors").is_symlink());
    assert_eq!(world.card("m.safetensors").training.unwrap().epochs.len(), 2);
}

#[test]
fn shared_reads_are_refused_and_other_rules_are_told() {
    let world = World::new(40);
    let info = |sample: &str, reads: &str, lod: f64| {
        serde_json::json!({
            "sample": sample, "inputs": {"reads": {"sha256": reads}}, "thresholds": {"min_snp_lod": lod}
        })
    };
    let make = |name: &str, seed, info| shards_with(&world.path(name), 40, seed, FRACTIONS, info);
    make("training", 1, info("NA1", "abc", 0.1));
    make("validation", 2, info("NA1", "abc", 0.1));
    let epochs = ["--epochs", "1"];
    let train = |output: &str, more: &[&str]| world.train(output, &[&epochs, more].concat());
    train("m.safetensors", &[]).code(1).stderr(contains(
        "are of the same reads at synthetic:1-1; make one of them of other regions",
    ));
    make("validation", 2, info("NA1", "def", 0.2));
    train("m.safetensors", &[]).success().stderr(
        contains("are of the same sample at synthetic:1-1")
            .and(contains("different rules"))
            .and(contains("has {\"min_snp_lod\":0.2}")),
    );
    Command::cargo_bin("dvcall")
        .unwrap()
        .args(["model-info", "--model"])
        .arg(world.path("m.safetensors"))
        .assert()
        .success()
        .stdout(contains("; sample NA1, reads SHA-256 abc, at synthetic:1-1"));

    // The set was made anew, with another seed, from reads that the model learned from.
    let model = world.path("m.safetensors").display().to_string();
    make("training", 3, info("NA2", "ghi", 0.1));
    make("validation", 4, info("NA1", "abc", 0.1));
    train("tuned.safetensors", &["--init-from", &model])
        .code(1)
        .stderr(contains("m was trained on the reads of").and(contains("at synthetic:1-1")));
    make("validation", 4, info("NA3", "jkl", 0.1));
    train("tuned.safetensors", &["--init-from", &model])
        .success()
        .stderr(contains("same sample").or(contains("different rules")).not());
}

#[test]
fn inconsistent_inputs_are_refused_before_any_work() {
    let world = World::new(40);
    let one_epoch = ["--epochs", "1"];
    world
        .train("m.bin", &one_epoch)
        .failure()
        .stderr(contains(".safetensors"));
    world
        .train("/dev/m.safetensors", &one_epoch)
        .failure()
        .stderr(contains("not a regular file"));
    world
        .train("m.safetensors", &["--epochs", "1", "--label-smoothing", "2"])
        .failure()
        .stderr(contains("--label-smoothing"));
    world
        .train("m.safetensors", &["--device", "gpu"])
        .failure()
        .stderr(contains("--device gpu: expected auto"));
    let training = world.path("training").display().to_string();
    world
        .train("m.safetensors", &["--validation", &training])
        .failure()
        .stderr(contains("leave it out"));
    assert!(!world.path("m.safetensors").exists());

    world.train("m.safetensors", &one_epoch).success();
    world
        .train("m.safetensors", &["--epochs", "1", "--resume", "--batch-size", "7"])
        .failure()
        .stderr(contains("batch_size was 32"));
    let model = world.path("m.safetensors");
    let card = std::fs::read_to_string(card_path(&model)).unwrap();
    let tuning = ["--epochs", "1", "--resume", "--init-from", model.to_str().unwrap()];
    world.train("tuned.safetensors", &tuning).success();
    let mut other: serde_json::Value = serde_json::from_str(&card).unwrap();
    let threshold = serde_json::json!({
        "threshold": 0.5, "examples": 9, "decided": 8, "wrong": 0, "network_wrong": 0, "wrong_alone": 0
    });
    other["cascade"] = serde_json::json!({ "snp": threshold, "indel": threshold });
    std::fs::write(card_path(&model), other.to_string()).unwrap();
    world
        .train("tuned.safetensors", &tuning)
        .failure()
        .stderr(contains("cascade of init_from was"));
    std::fs::write(card_path(&model), card.replacen("221", "147", 1)).unwrap();
    world
        .train("n.safetensors", &["--init-from", model.to_str().unwrap()])
        .failure()
        .stderr(contains("m.safetensors").and(contains("[100, 147, 7]")));

    let manifest = world.path("training/manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replacen("221", "147", 1)).unwrap();
    world
        .train("n.safetensors", &one_epoch)
        .failure()
        .stderr(contains("manifest.json").and(contains("147")));
    std::fs::remove_file(&manifest).unwrap();
    world
        .train("n.safetensors", &one_epoch)
        .failure()
        .stderr(contains("not a complete set"));
    shards(&world.path("training"), 0, 1, FRACTIONS);
    world
        .train("n.safetensors", &one_epoch)
        .failure()
        .stderr(contains("no labelled example"));
}
