//! What `dvcall train` tells while it runs.

use std::time::Instant;

use indicatif::ProgressBar;

use crate::model::{Epoch, Metrics, TrainingEvent};
use crate::runtime::{DATED, LineClock, done_and_to_go, progress_bar};

/// What is told of a training: a bar, or a dated line each minute where no bar is shown, and a line for each epoch.
pub struct TrainingProgress {
    bar: ProgressBar,
    lines: LineClock,
    /// The examples to draw in an epoch.
    all: u64,
    /// The epoch, when its first batch was learned, and how many examples were drawn then.
    epoch: Option<(usize, Instant, u64)>,
}

impl TrainingProgress {
    /// Progress over epochs of this many examples.
    pub fn new(all: u64) -> Self {
        Self {
            bar: progress_bar(all, "examples"),
            lines: LineClock::start(),
            all,
            epoch: None,
        }
    }

    pub fn tell(&mut self, event: TrainingEvent) {
        match event {
            TrainingEvent::Start(start) => {
                let (snp, indel) = (describe_metrics(&start.snp), describe_metrics(&start.indel));
                self.log(&format!("the starting model: SNP {snp}; indel {indel}"));
            }
            TrainingEvent::Cascade(cascade) => self.log(&format!("cascade: {cascade}")),
            TrainingEvent::Batch {
                epoch,
                drawn,
                examples,
                loss,
            } => {
                self.bar.set_position(drawn);
                let speed = self.bar.per_sec();
                let message = format!("loss {loss:.4}, {examples} trained on, {speed:.0}/s drawn");
                self.bar.set_message(message);
                if let Some(line) = self
                    .line(epoch, drawn, loss, Instant::now())
                    .filter(|_| self.bar.is_hidden())
                {
                    log::info!(target: DATED, "{line}");
                }
            }
            TrainingEvent::Epoch { epoch, best } => {
                self.log(&describe(epoch, best));
                self.bar.reset();
            }
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn log(&self, line: &str) {
        self.bar.suspend(|| log::info!("{line}"));
    }

    /// What to log within an epoch, if a line is due.
    fn line(&mut self, epoch: usize, drawn: u64, loss: f64, now: Instant) -> Option<String> {
        let (_, started, first) = match self.epoch {
            Some(begun) if begun.0 == epoch => begun,
            _ => *self.epoch.insert((epoch, now, drawn)),
        };
        if drawn == first || !self.lines.is_due(now) {
            return None;
        }
        let progress = done_and_to_go(drawn, self.all, first, now.duration_since(started));
        Some(format!("epoch {epoch}: {progress}, loss {loss:.4}"))
    }
}

fn describe_metrics(m: &Metrics) -> String {
    format!(
        "F1 {:.5} (recall {:.5}, precision {:.5}, {} wrong)",
        m.f1,
        m.recall,
        m.precision,
        m.false_positives + m.false_negatives
    )
}

fn describe(epoch: &Epoch, best: bool) -> String {
    format!(
        "epoch {}: loss {:.4}; SNP {}; indel {}; {:.0} examples/s{}",
        epoch.epoch,
        epoch.training_loss,
        describe_metrics(&epoch.snp),
        describe_metrics(&epoch.indel),
        epoch.examples_per_second,
        if best { "; best so far" } else { "" }
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_is_due_each_minute_of_an_epoch() {
        let mut progress = TrainingProgress::new(1_000);
        let begin = Instant::now();
        let mut line = |epoch, drawn, seconds| progress.line(epoch, drawn, 0.5, begin + Duration::from_secs(seconds));
        assert_eq!(line(1, 100, 1), None);
        assert_eq!(line(1, 200, 31), None);
        let expected = "epoch 1: 50.0 % done, 2 minutes to go, loss 0.5000";
        assert_eq!(line(1, 500, 97).unwrap(), expected);
        assert_eq!(line(1, 600, 100), None);
        // The speed is that of this epoch.
        assert_eq!(line(2, 200, 200), None);
        assert_eq!(
            line(2, 600, 240).unwrap(),
            "epoch 2: 60.0 % done, 40 seconds to go, loss 0.5000"
        );
    }
}
