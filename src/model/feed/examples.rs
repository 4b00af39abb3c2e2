//! Feeds examples from shards: in order for validation, shuffled and augmented for training.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::augment::augment;
use super::options::TrainingOptions;
use crate::examples::{Example, Manifest, ShardReader};
use crate::model::artifact::DataSet;
use crate::model::cascade::Cascade;
use crate::model::network::Random;
use crate::pileup::PileupContext;
use crate::variants::VariantType;

/// Number of batches prepared in advance.
const BATCHES_AHEAD: usize = 16;

/// Standard deviation of the noise jitter. Without jitter, the exact noise value would identify the shard set.
pub const NOISE_JITTER: f64 = 0.3;

/// A labelled pileup.
#[derive(Clone, Debug)]
pub struct TrainingItem {
    /// C-order [rows, 221, 7], without empty rows at the end.
    pub image: Vec<u8>,
    /// 0 hom-ref, 1 het, 2 hom-alt.
    pub label: u8,
    pub context: PileupContext,
    /// Whether the candidate has only one alternate; the cascade takes only such examples.
    pub alone: bool,
    /// Reads over a base of the sample; 0 if unknown.
    pub sample_depth: f64,
}

impl TrainingItem {
    fn labelled(example: Example, sample_depth: f64) -> Option<Self> {
        Some(Self {
            sample_depth,
            label: example.label?,
            alone: example.alternates.len() == 1,
            image: example.image,
            context: example.context,
        })
    }
}

/// The examples of one training step.
pub struct TrainingBatch {
    pub items: Vec<TrainingItem>,
    /// Number of examples of the epoch drawn so far, including skipped ones.
    pub drawn: u64,
}

/// The labelled examples of several shard sets.
#[derive(Clone)]
pub struct Feed {
    sets: Arc<Vec<ShardReader>>,
}

impl Feed {
    /// Fails if there is no labelled example.
    pub fn new(sets: Vec<ShardReader>) -> Result<Self> {
        let feed = Self { sets: sets.into() };
        let folders: Vec<_> = feed.sets.iter().map(|s| s.directory().display().to_string()).collect();
        ensure!(
            feed.labelled() > 0,
            "no labelled example in {}; make examples with --truth and --confident",
            folders.join(", ")
        );
        Ok(feed)
    }

    pub fn labelled(&self) -> u64 {
        self.sets.iter().map(|s| s.manifest.labelled()).sum()
    }

    /// Number of labelled examples of a variant type.
    pub fn labelled_of_type(&self, variant_type: VariantType) -> u64 {
        let count = |set: &ShardReader| match variant_type {
            VariantType::Snp => set.manifest.snp.labelled(),
            VariantType::Indel => set.manifest.indel.labelled(),
        };
        self.sets.iter().map(count).sum()
    }

    /// The sets in the form of the model card.
    pub fn data_sets(&self) -> Vec<DataSet> {
        let path = |set: &ShardReader| set.directory().display().to_string();
        let data_set = |set| DataSet::new(path(set), set.checksum.clone(), &set.manifest);
        self.sets.iter().map(data_set).collect()
    }

    /// The manifests of the sets.
    pub fn manifests(&self) -> impl Iterator<Item = (&Path, &Manifest)> {
        self.sets.iter().map(|set| (set.directory(), &set.manifest))
    }

    fn shards(&self) -> Vec<(usize, usize)> {
        let shards_of_set = |(set, reader): (usize, &ShardReader)| (0..reader.len()).map(move |shard| (set, shard));
        self.sets.iter().enumerate().flat_map(shards_of_set).collect()
    }

    fn read(&self, (set, shard): (usize, usize)) -> Result<Vec<TrainingItem>> {
        let set = &self.sets[set];
        let examples = set.read(shard)?.into_iter();
        let depth = set.manifest.depth();
        Ok(examples
            .filter_map(|example| TrainingItem::labelled(example, depth))
            .collect())
    }

    /// Passes every batch to `consume`, in the order of the shards.
    pub fn in_order(&self, batch_size: usize, mut consume: impl FnMut(&[TrainingItem]) -> Result<()>) -> Result<()> {
        for shard in self.shards() {
            self.read(shard)?.chunks(batch_size).try_for_each(&mut consume)?;
        }
        Ok(())
    }

    /// The batches of an epoch, made by a separate thread. Shards come in random order into a buffer, and examples
    /// are drawn from the buffer at random. Most examples that the cascade decides correctly are skipped. The
    /// result depends only on seed, epoch, cascade and shards. The first `skip` drawn examples are left out.
    pub fn shuffled(
        &self,
        options: &TrainingOptions,
        cascade: Option<&Arc<Cascade>>,
        epoch: usize,
        skip: u64,
    ) -> Receiver<Result<TrainingBatch>> {
        let (send, batches) = bounded(BATCHES_AHEAD);
        let (feed, options, cascade) = (self.clone(), options.clone(), cascade.cloned());
        std::thread::spawn(move || {
            let shuffle = Shuffle::new(&options, cascade.as_deref(), epoch, skip);
            // Sends an error after a panic. A channel that only closes would look like the end of the epoch.
            let outcome = catch_unwind(AssertUnwindSafe(|| feed.send_shuffled(shuffle, &send)));
            if let Err(error) = outcome.unwrap_or_else(|_| Err(anyhow!("the thread that reads shards panicked"))) {
                let _ = send.send(Err(error));
            }
        });
        batches
    }

    fn send_shuffled(&self, mut shuffle: Shuffle, send: &Sender<Result<TrainingBatch>>) -> Result<()> {
        // False ends the epoch when the receiver is gone.
        let mut emit = |batch: TrainingBatch| batch.items.is_empty() || send.send(Ok(batch)).is_ok();
        let mut shards = self.shards();
        shuffle.random.shuffle(&mut shards);
        for shard in shards {
            if !self.read(shard)?.into_iter().all(|item| shuffle.push(item, &mut emit)) {
                return Ok(());
            }
        }
        shuffle.finish(&mut emit);
        Ok(())
    }
}

struct Shuffle<'a> {
    options: &'a TrainingOptions,
    cascade: Option<&'a Cascade>,
    epoch: usize,
    random: Random,
    buffer: Vec<TrainingItem>,
    batch: Vec<TrainingItem>,
    drawn: u64,
    skip: u64,
}

impl<'a> Shuffle<'a> {
    fn new(options: &'a TrainingOptions, cascade: Option<&'a Cascade>, epoch: usize, skip: u64) -> Self {
        Self {
            options,
            cascade,
            epoch,
            random: Random::new(&[options.seed, epoch as u64]),
            buffer: Vec::new(),
            batch: Vec::new(),
            drawn: 0,
            skip,
        }
    }

    /// Fills the buffer, then swaps the item with a random item of the buffer. False if the receiver is gone.
    fn push(&mut self, item: TrainingItem, emit: &mut impl FnMut(TrainingBatch) -> bool) -> bool {
        if self.buffer.len() < self.options.shuffle_buffer.max(1) {
            self.buffer.push(item);
            return true;
        }
        let drawn = self.random.below(self.buffer.len());
        let item = std::mem::replace(&mut self.buffer[drawn], item);
        self.draw(item, emit)
    }

    fn finish(&mut self, emit: &mut impl FnMut(TrainingBatch) -> bool) {
        let mut rest = std::mem::take(&mut self.buffer);
        self.random.shuffle(&mut rest);
        if rest.into_iter().all(|item| self.draw(item, emit)) {
            emit(self.take_batch());
        }
    }

    fn take_batch(&mut self) -> TrainingBatch {
        TrainingBatch {
            items: std::mem::take(&mut self.batch),
            drawn: self.drawn,
        }
    }

    fn draw(&mut self, mut item: TrainingItem, emit: &mut impl FnMut(TrainingBatch) -> bool) -> bool {
        self.drawn += 1;
        if self.drawn <= self.skip {
            return true;
        }
        let mut random = Random::new(&[self.options.seed, self.epoch as u64, self.drawn]);
        if self.options.augment {
            augment(&mut item.image, &mut random);
            item.context.noise += (NOISE_JITTER * random.normal()) as f32;
        }
        if random.uniform() >= self.options.easy_examples && self.is_easy(&item) {
            return true;
        }
        self.batch.push(item);
        self.batch.len() < self.options.batch_size || emit(self.take_batch())
    }

    /// Whether the cascade decides the example correctly.
    fn is_easy(&self, item: &TrainingItem) -> bool {
        let cascade = self.cascade.filter(|_| item.alone);
        let decided = cascade.and_then(|cascade| cascade.decide(&item.image, item.context.variant_type));
        decided.is_some_and(|p| p.get(usize::from(item.label)).is_some_and(|&p| p > 0.5))
    }
}
