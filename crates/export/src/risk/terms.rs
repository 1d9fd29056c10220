//! What the words of the report mean.

use super::part::{Part, Sheet, Value};
use backstop_risk::desk::Report;

/// Terms with one line each, in the order of the alphabet.
const TERMS: [(&str, &str); 25] = [
    ("attachment, exhaustion", "from which loss on a slice pays, and at which it is used up"),
    ("back test", "what a model would have said each past day, against what then happened"),
    ("cap", "the most that is worth holding"),
    ("cascade", "closing accounts moves prices, which closes more accounts"),
    (
        "Cover-1, Cover-2",
        "the loss over margin of the one or two largest owner groups in the worst scenario for them",
    ),
    ("coverage", "what the fund holds \u{f7} what it should hold"),
    (
        "critical fractile",
        "the probability with which the fund should do, by the costs of holding and of missing a unit",
    ),
    (
        "deleveraging (ADL)",
        "positions in profit are closed against bankrupt ones when the fund does not do",
    ),
    ("expected shortfall (ES)", "the mean need in the worst cases beyond the value at risk"),
    ("generalised Pareto", "the distribution that large losses beyond a threshold come near to"),
    ("haircut", "the part of collateral's value that does not count"),
    ("Herfindahl index", "the sum of squared shares: one holder gives 1, many equal ones nearly 0"),
    ("hit", "a loss beyond the forecast value at risk"),
    (
        "interval",
        "where the true figure lies by the scenarios and data at hand, at 95% unless another is stated",
    ),
    (
        "Kupiec, independence, both",
        "tests that hits are as many as they should be, do not come in clusters, or either",
    ),
    ("need", "the most that the fund must have paid at any moment of a scenario"),
    ("newsvendor", "the rule that balances the cost of holding against the cost of missing"),
    ("open interest", "the notional of one side of a market"),
    ("owner group", "accounts of one owner"),
    ("p-value", "how often luck alone gives so bad a result; small is bad"),
    ("reverse stress", "the smallest move that empties the fund"),
    ("ruin", "the fund runs dry at some time within the days of ruin.days, with fees coming in"),
    (
        "sensitivity",
        "how far a figure moves when one assumption is changed and everything else stays",
    ),
    ("shape", "how heavy a tail is: 0 is like a bell curve's far end, 1 has no mean"),
    (
        "value at risk (VaR)",
        "the need that is not exceeded with the stated probability, such as 99%",
    ),
];

pub(super) fn part(_: &Report) -> Part {
    let mut part = Part::new("terms", "Words");
    let mut sheet = Sheet::new("terms", "What words mean here", ["word", "meaning"]);
    for (word, meaning) in TERMS {
        sheet.row([Value::text(word), Value::text(meaning)]);
    }
    part.sheet(sheet);
    part
}
