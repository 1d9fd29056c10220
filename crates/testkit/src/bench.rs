//! Rows of a bench: what was measured, and the bar it is held to.

use std::io::Write as _;

/// One measured value.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was done.
    pub work: &'static str,
    /// How fast, how long or how large.
    pub value: f64,
    /// The value's unit.
    pub unit: &'static str,
    /// What the design asks for, if it does.
    pub bar: Option<f64>,
}

impl Row {
    /// A row.
    pub const fn new(work: &'static str, value: f64, unit: &'static str, bar: Option<f64>) -> Self {
        Self { work, value, unit, bar }
    }

    fn json(&self) -> String {
        let bar = self.bar.map_or_else(|| "null".to_owned(), |bar| format!("{bar}"));
        let Self { work, value, unit, .. } = self;
        format!(r#"{{"work":"{work}","value":{value:.1},"unit":"{unit}","bar":{bar}}}"#)
    }

    fn text(&self) -> String {
        let bar = self.bar.map_or_else(String::new, |bar| format!("  (bar {bar})"));
        format!("{:52} {:>14.1} {}{bar}", self.work, self.value, self.unit)
    }
}

/// The median of each row over several runs that measured the same works in the same order.
pub fn medians(runs: &[Vec<Row>]) -> Vec<Row> {
    let Some(first) = runs.first() else { return Vec::new() };
    let median = |(at, row): (usize, &Row)| {
        let mut values: Vec<f64> =
            runs.iter().filter_map(|run| run.get(at)).map(|row| row.value).collect();
        values.sort_by(f64::total_cmp);
        Row { value: values.get(values.len() / 2).copied().unwrap_or(row.value), ..row.clone() }
    };
    first.iter().enumerate().map(median).collect()
}

/// Prints rows as a table, or as one line of JSON for `cargo xtask bench`.
pub fn print(rows: &[Row], json: bool) {
    let lines: Vec<String> = if json {
        let rows: Vec<String> = rows.iter().map(Row::json).collect();
        vec![format!("[{}]", rows.join(","))]
    } else {
        rows.iter().map(Row::text).collect()
    };
    // Whoever reads may stop reading: that is no failure.
    let mut out = std::io::stdout().lock();
    let _ = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_taken_of_each_row() {
        let run = |a, b| vec![Row::new("a", a, "s", None), Row::new("b", b, "/s", Some(9.0))];
        let rows = medians(&[run(3.0, 1.0), run(1.0, 2.0), run(2.0, 7.0)]);
        assert_eq!(rows, run(2.0, 2.0));
        assert_eq!(rows[1].json(), r#"{"work":"b","value":2.0,"unit":"/s","bar":9}"#);
        assert_eq!(medians(&[]), []);
    }
}
