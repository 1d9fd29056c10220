//! Where every market's price stands at each step, though their bars differ in length.

use crate::{
    crash::Feed,
    error::RiskError,
    path::{LEGS, walk},
    prices::Bar,
};
use backstop_core::policy::PositionSide;
use backstop_units::{Price, Span, Timestamp, mul_div_ceil, mul_div_floor};

/// One feed on its way through its bars.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    feed: &'a Feed,
    steps: u32,
    next: usize,
    begun: Timestamp,
    path: Vec<Price>,
    last: Price,
}

impl<'a> Walker<'a> {
    /// Stands at the open of the first bar. `steps_per_leg` are those of an hour: a longer bar has as
    /// many for each of its hours, so a step is as long in all of them.
    pub(super) fn new(feed: &'a Feed, steps_per_leg: u32) -> Self {
        let hours = feed.bars.span.ms().div_euclid(Span::hours(1).ms()).max(1);
        let steps = u64::from(steps_per_leg).saturating_mul(hours);
        Self {
            feed,
            steps: u32::try_from(steps).unwrap_or(u32::MAX),
            next: 0,
            begun: Timestamp::ZERO,
            path: Vec::new(),
            last: feed.bars.bars.first().map_or(Price::ZERO, |bar| bar.open),
        }
    }

    /// Steps of one bar.
    fn steps(&self) -> u128 {
        u128::from(self.steps) * u128::from(LEGS)
    }

    /// The moments at which the steps of a bar end.
    pub(super) fn moments(&self, bar: &Bar) -> Result<Vec<Timestamp>, RiskError> {
        let span = u128::from(self.feed.bars.span.ms());
        let moment = |step| {
            let passed = mul_div_floor(span, step, self.steps())?;
            Ok(bar.open_time.plus(Span::from_ms(u64::try_from(passed).unwrap_or(u64::MAX))))
        };
        (1..=self.steps()).map(moment).collect()
    }

    /// The price at a moment, later from call to call; in a gap the last one. A new bar's path depends
    /// on the side that is heavier when it begins.
    pub(super) fn at(
        &mut self,
        now: Timestamp,
        heavier: impl Fn() -> PositionSide,
    ) -> Result<Price, RiskError> {
        let span = self.feed.bars.span;
        while let Some(bar) = self.feed.bars.bars.get(self.next).filter(|bar| bar.open_time < now) {
            self.path = walk(bar, heavier(), self.steps)?;
            (self.begun, self.next) = (bar.open_time, self.next + 1);
        }
        if !self.path.is_empty() {
            let passed = u128::from(now.since(self.begun).ms());
            let step = mul_div_ceil(passed, self.steps(), u128::from(span.ms()).max(1))?;
            let at = usize::try_from(step.saturating_sub(1)).unwrap_or(usize::MAX);
            self.last = self.path.get(at).or(self.path.last()).copied().unwrap_or(self.last);
        }
        Ok(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crash::Crash, prices::Bars};
    use backstop_units::Label;

    fn feed(text: &str, span: Span) -> Feed {
        let bars = Bars::parse(&format!("open_time_unix,open,high,low,close\n{text}"), 6).unwrap();
        Feed { market: Label::NONE, bars: Bars { span, ..bars } }
    }

    #[test]
    fn a_days_bar_is_walked_as_slowly_as_an_hours() {
        let day = feed("0,100,124,76,100", Span::days(1));
        let mut walker = Walker::new(&day, 60);
        let mut usd = |hours: u64| {
            let now = Timestamp::from_ms(hours * 3_600_000);
            walker.at(now, || PositionSide::Long).unwrap().get() / 1_000_000_000_000_000
        };
        // Eight hours to the low, eight to the high, eight to the close; then the close stays.
        assert_eq!([4, 8, 12, 16, 20, 24, 30].map(&mut usd), [88, 76, 100, 124, 112, 100, 100]);
    }

    #[test]
    fn moments_of_one_bar_meet_the_path_of_the_other() {
        let feeds = Crash::MAIN.feeds(6).unwrap();
        for steps in [7, 60] {
            let mut walker = Walker::new(&feeds[0], steps);
            let bar = feeds[0].bars.bars[5];
            let path = walk(&bar, PositionSide::Short, steps).unwrap();
            for (moment, want) in walker.moments(&bar).unwrap().into_iter().zip(path) {
                assert_eq!(walker.at(moment, || PositionSide::Short).unwrap(), want, "{moment}");
            }
        }
    }

    #[test]
    fn a_gap_holds_the_last_price() {
        let gap = feed("0,10,11,9,10\n10800,20,21,19,20", Span::hours(1));
        let mut walker = Walker::new(&gap, 1);
        let mut at = |minutes: u64| {
            let now = Timestamp::from_ms(minutes * 60_000);
            walker.at(now, || PositionSide::Long).unwrap().get() / 1_000_000_000_000_000
        };
        assert_eq!([20, 40, 60, 120, 180, 200].map(&mut at), [9, 11, 10, 10, 10, 19]);
    }
}
