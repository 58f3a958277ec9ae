//! How far something is that was decided, in one line, and whether it has ended.
//!
//! In: what a kind makes of its object. Out: a [`Course`], which is printed and waited for in the same way for all. Pure.

use crate::health::Absence;

/// The end to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// What was approved is done.
    Applied,
    /// It is undone.
    Undone,
    /// What was done before it is undone, too: it is in force although the last change was undone.
    EarlierUndone,
}

/// How something ended that had begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is done, and stays.
    Applied,
    /// It was undone.
    Undone,
    /// Neither, such as if somebody else changed what it is about.
    Otherwise,
}

impl Goal {
    /// Whether this is the end; `None` for what never began.
    pub fn is_reached(self, end: Option<End>) -> bool {
        end == Some(match self {
            Self::Applied => End::Applied,
            Self::Undone | Self::EarlierUndone => End::Undone,
        })
    }
}

/// Its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// It has not begun, and waits for Trimtab alone.
    Waiting(String),
    /// It continues, or waits for something else.
    Going(String),
    /// It has ended: in this way, or without ever starting.
    Ended(String, Option<End>),
}

impl Course {
    /// The line.
    pub fn line(&self) -> &str {
        match self {
            Self::Waiting(line) | Self::Going(line) | Self::Ended(line, _) => line,
        }
    }

    /// The line, where no Trimtab runs that would carry it out. Where that is not certain, it matters only to what
    /// waits for Trimtab alone.
    pub fn line_without(&self, absence: Option<&Absence>) -> String {
        match (self, absence) {
            (Self::Waiting(line), Some(absence)) => format!("{line}: {}: it begins once one runs", absence.text),
            (Self::Going(line), Some(absence)) if absence.is_certain => {
                format!("{line}; {}: it continues once one runs", absence.text)
            }
            _ => self.line().to_owned(),
        }
    }
}
