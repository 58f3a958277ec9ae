//! Reads the response to an instant query.
//!
//! In: the body of a response that has been found sound. Out: the number of each series. Pure.

use serde::Deserialize;

use crate::error::SourceError;

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    result: Vec<Series<'a>>,
}

#[derive(Deserialize)]
struct Series<'a> {
    #[serde(borrow)]
    value: (f64, &'a str),
}

/// The number of each series, in the order of the response; `None` for a value that is no number. It may be NaN or infinite.
///
/// # Errors
/// [`SourceError::Nonsense`] if it is not a vector.
pub fn numbers(server: &str, body: &[u8]) -> Result<Vec<Option<f64>>, SourceError> {
    let response: Response<'_> = serde_json::from_slice(body).map_err(|_| SourceError::Nonsense {
        server: server.to_owned(),
        why: "a vector that can't be read".to_owned(),
    })?;
    Ok(response.data.result.iter().map(|series| series.value.1.parse().ok()).collect())
}
