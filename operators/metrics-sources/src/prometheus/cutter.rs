//! Cuts the body of a range query's response into series as it streams in, so memory holds one series and one chunk.
//!
//! In: chunks of bytes, split anywhere. Out: the bytes of each series object, in order, and at the end the envelope:
//! the response's JSON document with an empty result, which is small and can be parsed as a whole. Pure.
//!
//! A series object ends at the first `"]]}` after a letter or digit, which closes the string of its last value. In a
//! label, that text can only begin with an escaped quote, after a backslash, or with the quote that opens the label,
//! after a colon. So every byte of a series is scanned by one fast search.

use memchr::memmem;

/// Maximum number of bytes before the first series, and after the last one.
pub const MAX_ENVELOPE: usize = 1 << 20;
/// Maximum number of bytes of one series: 11,001 points of 60 bytes and their labels fit twice.
pub const MAX_SERIES: usize = 2 << 20;

/// Why a body cannot be cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// No list of results within [`MAX_ENVELOPE`].
    #[error("no list of results within the first {MAX_ENVELOPE} bytes")]
    NoResult,
    /// No end of a series within [`MAX_SERIES`].
    #[error("a series without end within {MAX_SERIES} bytes")]
    SeriesTooLong,
    /// Something other than a series in the list.
    #[error("the list of results holds something other than series")]
    NotASeries,
    /// Too much after the list of results.
    #[error("more than {MAX_ENVELOPE} bytes after the list of results")]
    TailTooLong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Head,
    Series,
    Tail,
}

/// Cuts one body. Feed chunks with [`Cutter::push`], then take the [`Cutter::envelope`].
#[derive(Debug)]
pub struct Cutter {
    place: Place,
    waiting: Vec<u8>,
    /// Bytes of `waiting` known to hold no beginning of the results, or no end of a series.
    searched: usize,
    envelope: Vec<u8>,
}

impl Default for Cutter {
    fn default() -> Self {
        Self { place: Place::Head, waiting: Vec::new(), searched: 0, envelope: Vec::new() }
    }
}

const RESULT: &[u8] = b"\"result\":[";
const END: &[u8] = b"\"]]}";

impl Cutter {
    /// Takes the next chunk and passes each series that it completes to `series`.
    ///
    /// # Errors
    /// [`CutError`] as `E`, or the error of `series`; then the cutter is unusable.
    pub fn push<E: From<CutError>>(
        &mut self,
        chunk: &[u8],
        mut series: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.waiting.extend_from_slice(chunk);
        let mut from = 0;
        if self.place == Place::Head {
            match memmem::find(&self.waiting[self.searched..], RESULT) {
                Some(at) => {
                    from = self.searched + at + RESULT.len();
                    self.envelope.extend_from_slice(&self.waiting[..from]);
                    self.place = Place::Series;
                }
                None if self.waiting.len() > MAX_ENVELOPE => return Err(CutError::NoResult.into()),
                None => {
                    // It may lie across chunks, except for its last byte.
                    self.searched = self.waiting.len().saturating_sub(RESULT.len() - 1);
                    return Ok(());
                }
            }
        }
        let end = memmem::Finder::new(END);
        while self.place == Place::Series {
            from += self.waiting[from..]
                .iter()
                .take_while(|byte| matches!(byte, b',' | b' ' | b'\n' | b'\r' | b'\t'))
                .count();
            match self.waiting.get(from) {
                None => break,
                Some(b'{') => {}
                Some(b']') => {
                    self.place = Place::Tail;
                    break;
                }
                Some(_) => return Err(CutError::NotASeries.into()),
            }
            let mut search = from.max(self.searched);
            let found = loop {
                let Some(at) = end.find(&self.waiting[search..]).map(|at| at + search) else { break None };
                if at > from && self.waiting[at - 1].is_ascii_alphanumeric() {
                    break Some(at + END.len());
                }
                search = at + 1;
            };
            let Some(to) = found else {
                if self.waiting.len() - from > MAX_SERIES {
                    return Err(CutError::SeriesTooLong.into());
                }
                // The end may lie across chunks, except for its last byte.
                self.searched = self.waiting.len().saturating_sub(END.len() - 1).max(from);
                break;
            };
            series(&self.waiting[from..to])?;
            from = to;
        }
        self.waiting.drain(..from);
        self.searched = self.searched.saturating_sub(from);
        if self.place == Place::Tail && self.waiting.len() > MAX_ENVELOPE {
            return Err(CutError::TailTooLong.into());
        }
        Ok(())
    }

    /// Whether a list of results has begun: if not, the body is an error or no response at all.
    #[must_use]
    pub fn saw_result(&self) -> bool {
        self.place != Place::Head
    }

    /// Whether the list of results has ended.
    #[must_use]
    pub fn saw_end(&self) -> bool {
        self.place == Place::Tail
    }

    /// All that is not series: the whole body if there was no list of results.
    #[must_use]
    pub fn envelope(mut self) -> Vec<u8> {
        if self.place != Place::Series {
            self.envelope.append(&mut self.waiting);
        }
        self.envelope
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use proptest::prelude::*;

    use super::*;

    fn cut(body: &[u8], cuts: &[usize]) -> Result<(Vec<String>, String), CutError> {
        let mut cutter = Cutter::default();
        let mut all = Vec::new();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            cutter.push::<CutError>(&body[pair[0]..pair[1]], |series| {
                all.push(String::from_utf8(series.to_vec()).unwrap());
                Ok(())
            })?;
        }
        Ok((all, String::from_utf8(cutter.envelope()).unwrap()))
    }

    #[test]
    fn bodies_are_cut() {
        let table: [(&str, &str, &[&str], &str); 7] = [
            ("empty", r#"{"data":{"result":[]}}"#, &[], r#"{"data":{"result":[]}}"#),
            (
                "two",
                r#"{"data":{"result":[{"metric":{},"values":[[1,"2"]]},{"metric":{"a":"b"},"values":[[1,"2"],[2,"3"]]}]},"warnings":["w"]}"#,
                &[r#"{"metric":{},"values":[[1,"2"]]}"#, r#"{"metric":{"a":"b"},"values":[[1,"2"],[2,"3"]]}"#],
                r#"{"data":{"result":[]},"warnings":["w"]}"#,
            ),
            (
                "the end's look-alike in a label",
                r#"{"data":{"result":[{"metric":{"a":"x\"]]}"},"values":[[1,"2"]]}]}}"#,
                &[r#"{"metric":{"a":"x\"]]}"},"values":[[1,"2"]]}"#],
                r#"{"data":{"result":[]}}"#,
            ),
            (
                "a label that begins with the end's look-alike",
                r#"{"data":{"result":[{"metric":{"a":"]]}"},"values":[[1,"2"]]}]}}"#,
                &[r#"{"metric":{"a":"]]}"},"values":[[1,"2"]]}"#],
                r#"{"data":{"result":[]}}"#,
            ),
            ("no result", r#"{"status":"error"}"#, &[], r#"{"status":"error"}"#),
            ("a page", "<html>", &[], "<html>"),
            ("cut off", r#"{"data":{"result":[{"metric":{},"val"#, &[], r#"{"data":{"result":["#),
        ];
        for (name, body, series, envelope) in table {
            let (got, rest) = cut(body.as_bytes(), &[]).unwrap();
            assert_eq!(got, series, "{name}");
            assert_eq!(rest, envelope, "{name}");
        }
    }

    #[test]
    fn endless_bodies_are_given_up() {
        assert_eq!(cut(&vec![b'x'; MAX_ENVELOPE + 1], &[]), Err(CutError::NoResult));
        let mut body = br#"{"data":{"result":[{"#.to_vec();
        body.resize(MAX_SERIES + 1_000, b'x');
        assert_eq!(cut(&body, &[1_000_000]), Err(CutError::SeriesTooLong));
        let mut body = br#"{"data":{"result":[]"#.to_vec();
        body.resize(MAX_ENVELOPE + 1_000, b'x');
        assert_eq!(cut(&body, &[]), Err(CutError::TailTooLong));
        assert_eq!(cut(br#"{"result":["a"]}"#, &[]), Err(CutError::NotASeries));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_series(
            labels in prop::collection::vec(r#"("?\]\]\}|[a-z"\\\]}\[{,: é]){0,12}"#, 0..6),
            points in 1usize..5,
            cuts in prop::collection::vec(any::<usize>(), 0..40),
        ) {
            let series: Vec<String> = labels.iter().map(|label| {
                let values = vec![r#"[1700000000,"1.5"]"#; points].join(",");
                format!(r#"{{"metric":{{"a":{}}},"values":[{values}]}}"#, serde_json::to_string(label).unwrap())
            }).collect();
            let body = format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}},"stats":{{}}}}"#, series.join(","));
            let (got, envelope) = cut(body.as_bytes(), &cuts).unwrap();
            prop_assert_eq!(got, series);
            prop_assert_eq!(envelope, r#"{"status":"success","data":{"resultType":"matrix","result":[]},"stats":{}}"#);
        }
    }
}
