//! Reads the response to a range query as it streams in.
//!
//! In: the body of a response with status 200, in chunks split anywhere. Out: the series of the batch once the whole response has
//! been found sound, or why it is not used. Pure.

use crate::error::SourceError;
use crate::source::Batch;

use super::config::LabelNames;
use super::cutter::{CutError, Cutter};
use super::grid::{Grid, GridError};

/// Maximum number of bytes per point of a response, including labels.
const BYTES_PER_POINT: u64 = 64;
/// Number of bytes of a response that is always allowed.
const BYTES_ALWAYS: u64 = 16 << 20;

/// The response to the range query of one batch. Feed chunks with [`RangeResponse::push`], then [`RangeResponse::finish`].
#[derive(Debug)]
pub struct RangeResponse<'b> {
    server: &'b str,
    max_points: u64,
    cutter: Cutter,
    grid: Grid<'b>,
    bytes: u64,
}

#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Cut(#[from] CutError),
    #[error(transparent)]
    Grid(#[from] GridError),
}

impl<'b> RangeResponse<'b> {
    /// A response of `server`, of which nothing has arrived. It may hold at most `max_points` points.
    #[must_use]
    pub fn new(server: &'b str, batch: &'b Batch, labels: &'b LabelNames, max_points: u64) -> Self {
        let grid = Grid::new(batch, labels, usize::try_from(max_points).unwrap_or(usize::MAX));
        Self { server, max_points, cutter: Cutter::default(), grid, bytes: 0 }
    }

    /// Takes the next chunk.
    ///
    /// # Errors
    /// [`SourceError::TooLarge`], and [`SourceError::Nonsense`]; then the response is unusable.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), SourceError> {
        let (server, max_points) = (self.server, self.max_points);
        self.bytes += chunk.len() as u64;
        let grid = &mut self.grid;
        self.cutter
            .push(chunk, |series| grid.add(series).map_err(Unreadable::from))
            .map_err(|error| unreadable(server, max_points, &error))?;
        if self.bytes > BYTES_ALWAYS.saturating_add(max_points.saturating_mul(BYTES_PER_POINT)) {
            return Err(SourceError::TooLarge { server: server.to_owned(), limit: self.bytes, unit: "bytes" });
        }
        Ok(())
    }

    /// The series, once the whole response has arrived. `judge` judges the response without them, as
    /// [`judge`](super::answer::judge) does.
    ///
    /// # Errors
    /// [`SourceError::Truncated`], and the errors of `judge`.
    pub fn finish(self, judge: impl FnOnce(&[u8]) -> Result<(), SourceError>) -> Result<Grid<'b>, SourceError> {
        if self.cutter.saw_result() && !self.cutter.saw_end() {
            return Err(SourceError::Truncated { server: self.server.to_owned(), bytes: self.bytes });
        }
        judge(&self.cutter.envelope())?;
        Ok(self.grid)
    }
}

fn unreadable(server: &str, max_points: u64, error: &Unreadable) -> SourceError {
    let server = server.to_owned();
    match error {
        Unreadable::Grid(GridError::TooLarge) => SourceError::TooLarge { server, limit: max_points, unit: "points" },
        other => SourceError::Nonsense { server, why: other.to_string() },
    }
}
