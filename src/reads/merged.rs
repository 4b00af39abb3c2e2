//! The records of several files as one stream, sorted by start.

use anyhow::Result;
use rust_htslib::bam::Record;

use super::filter::ReadFilter;
use super::records::Records;
use crate::genome::Region;

/// One file of a sample.
struct Lane {
    records: Records,
    filter: ReadFilter,
    /// Whether `records` holds a record that is not yet returned.
    is_waiting: bool,
}

/// Merges the records of the files of a sample.
pub(super) struct MergedRecords {
    lanes: Vec<Lane>,
    /// The lane of the last record; it is read on before the next record is chosen.
    last: Option<usize>,
}

impl MergedRecords {
    /// Each file comes with the filter of its records.
    pub fn new(files: Vec<(Records, ReadFilter)>) -> Self {
        let lane = |(records, filter)| Lane {
            records,
            filter,
            is_waiting: false,
        };
        Self {
            lanes: files.into_iter().map(lane).collect(),
            last: None,
        }
    }

    /// Moves to the records over a region.
    pub fn fetch(&mut self, region: &Region) -> Result<()> {
        self.last = None;
        for lane in &mut self.lanes {
            lane.records.fetch(region.clone())?;
            lane.is_waiting = lane.records.advance()?;
        }
        Ok(())
    }

    /// The next record over the region, with the filter of its file; None at the end. Of records with equal starts, the
    /// record of the first file comes first.
    pub fn next(&mut self) -> Result<Option<(&Record, &ReadFilter)>> {
        if let Some(lane) = self.last.take().and_then(|last| self.lanes.get_mut(last)) {
            lane.is_waiting = lane.records.advance()?;
        }
        let waiting = self.lanes.iter().enumerate().filter(|(_, lane)| lane.is_waiting);
        self.last = waiting
            .min_by_key(|(_, lane)| lane.records.record().pos())
            .map(|(rank, _)| rank);
        let lane = self.last.and_then(|rank| self.lanes.get(rank));
        Ok(lane.map(|lane| (lane.records.record(), &lane.filter)))
    }
}
