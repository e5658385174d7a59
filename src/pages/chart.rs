//! Where do the bars and lines of a figure stand?

/// Heights are pixels and positions per cent, so that a wide chart stretches but its text does not.
const HEIGHT: f64 = 150.0;
/// Room above the tallest bar.
const HEADROOM: f64 = 14.0;
/// Between the parts of a stacked bar, so that neighbours are told apart without colour.
const GAP: f64 = 0.8;

/// The look of one series: a fill, and a hatch for what is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Accent,
    Waiting,
    Failed,
    Second,
}

impl Ink {
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Accent => "a",
            Self::Waiting => "b",
            Self::Failed => "c",
            Self::Second => "d",
        }
    }

    #[must_use]
    pub const fn is_hatched(self) -> bool {
        matches!(self, Self::Waiting)
    }
}

#[derive(Clone, Debug)]
pub struct Series {
    pub label: &'static str,
    pub ink: Ink,
}

/// One bar's numbers, in the order of the series, with its label and where its rows are.
#[derive(Clone, Debug)]
pub struct Column {
    pub label: String,
    pub counts: Vec<u64>,
    pub href: Option<String>,
}

/// Stacked bars, with the table behind them.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The stem of ids on the page: one word.
    pub id: &'static str,
    pub title: String,
    /// What the picture shows, in a sentence.
    pub summary: String,
    /// The head of the table's first column: "Day".
    pub axis: &'static str,
    pub series: Vec<Series>,
    pub bars: Vec<Bar>,
    pub grid: Vec<GridLine>,
}

#[derive(Clone, Debug)]
pub struct Bar {
    pub label: String,
    pub counts: Vec<u64>,
    pub href: Option<String>,
    /// "24 Nov: 214 completed, 42 pending"
    pub words: String,
    /// The whole strip, in per cent, for the pointer.
    pub hit_x: f64,
    pub hit_width: f64,
    pub x: f64,
    pub width: f64,
    pub parts: Vec<Part>,
    /// Only some bars have their label below.
    pub labelled: bool,
}

#[derive(Clone, Debug)]
pub struct Part {
    pub ink: Ink,
    pub y: f64,
    pub height: f64,
}

#[derive(Clone, Debug)]
pub struct GridLine {
    pub y: f64,
    pub label: String,
}

impl Chart {
    /// Lays the columns out, oldest first.
    #[must_use]
    pub fn stacked(
        id: &'static str,
        title: String,
        summary: String,
        axis: &'static str,
        series: Vec<Series>,
        columns: Vec<Column>,
    ) -> Self {
        let tallest = columns.iter().map(|column| column.counts.iter().sum::<u64>()).max().unwrap_or(0);
        let step = round_step(tallest);
        let top = tallest.div_ceil(step).max(1) * step;
        let scale = (HEIGHT - HEADROOM) / as_float(top);
        let strip = 100.0 / as_float(columns.len().max(1) as u64);
        // At most seven labels, so that they never touch on a phone.
        let every = columns.len().div_ceil(7).max(1);
        let bars = columns
            .into_iter()
            .enumerate()
            .map(|(index, column)| {
                let hit_x = strip * as_float(index as u64);
                Bar {
                    words: words(&column, &series),
                    parts: parts(&column.counts, &series, scale),
                    label: column.label,
                    counts: column.counts,
                    href: column.href,
                    hit_x,
                    hit_width: strip,
                    x: hit_x + strip * 0.16,
                    width: strip * 0.68,
                    labelled: index % every == 0,
                }
            })
            .collect();
        let grid = (1..=top / step)
            .map(|line| GridLine { y: HEIGHT - as_float(line * step) * scale, label: super::display::Grouped(line * step).to_string() })
            .collect();
        Self { id, title, summary, axis, series, bars, grid }
    }
}

/// 1, 2 or 5 times a power of ten, so that there are at most five lines.
fn round_step(tallest: u64) -> u64 {
    let mut power = 1;
    loop {
        for factor in [1, 2, 5] {
            if factor * power * 5 >= tallest {
                return factor * power;
            }
        }
        power *= 10;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bar's height needs no more than a pixel")]
fn as_float(count: u64) -> f64 {
    count as f64
}

fn parts(counts: &[u64], series: &[Series], scale: f64) -> Vec<Part> {
    let mut floor = HEIGHT;
    let mut parts = Vec::with_capacity(counts.len());
    for (count, one) in counts.iter().zip(series) {
        if *count == 0 {
            continue;
        }
        // One of a thousand is still seen.
        let height = (as_float(*count) * scale - GAP).max(1.0);
        parts.push(Part { ink: one.ink, y: floor - GAP - height, height });
        floor -= height + GAP;
    }
    parts
}

fn words(column: &Column, series: &[Series]) -> String {
    let counts: Vec<String> = column.counts.iter().zip(series).map(|(count, one)| format!("{count} {}", one.label)).collect();
    format!("{}: {}", column.label, counts.join(", "))
}

/// A small line without axes, 116 by 20: the path's `d`. Nothing to draw without two points.
#[must_use]
pub fn spark(values: &[f64]) -> Option<String> {
    use std::fmt::Write as _;

    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.len() < 2 || !least.is_finite() || !most.is_finite() {
        return None;
    }
    let range = if most > least { most - least } else { 1.0 };
    let stride = 116.0 / as_float(values.len() as u64 - 1);
    let mut path = String::new();
    for (index, value) in values.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        let x = stride * as_float(index as u64);
        let y = 18.8 - (value - least) / range * 17.6;
        write!(path, "{command}{x:.1} {y:.1} ").ok()?;
    }
    Some(path.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Vec<Series> {
        vec![Series { label: "completed", ink: Ink::Accent }, Series { label: "failed", ink: Ink::Failed }]
    }

    #[test]
    fn bars_stand_inside_the_picture_and_on_each_other() {
        let columns = (0..30).map(|day| Column { label: format!("{day} Nov"), counts: vec![day * 9, 3], href: None }).collect();
        let chart = Chart::stacked("c", "T".to_owned(), "S".to_owned(), "Day", series(), columns);
        assert_eq!(chart.bars.iter().filter(|bar| bar.labelled).count(), 6);
        for bar in &chart.bars {
            assert!(bar.x >= 0.0 && bar.x + bar.width <= 100.0);
            assert!(bar.parts.iter().all(|part| part.y >= 0.0 && part.y + part.height <= HEIGHT));
            assert!(bar.parts.windows(2).all(|pair| pair[1].y + pair[1].height <= pair[0].y));
        }
        assert_eq!(chart.bars[1].words, "1 Nov: 9 completed, 3 failed");
        assert!(chart.grid.len() <= 5);
    }

    #[test]
    fn nothing_to_show_is_no_failure() {
        let empty = Chart::stacked("c", String::new(), String::new(), "Day", series(), Vec::new());
        assert!(empty.bars.is_empty());
        assert_eq!(spark(&[]), None);
        assert_eq!(spark(&[3.0, f64::NAN]).map(|path| path.is_empty()), Some(false));
        assert_eq!(spark(&[1.0, 1.0]).as_deref(), Some("M0.0 18.8 L116.0 18.8"));
    }
}
