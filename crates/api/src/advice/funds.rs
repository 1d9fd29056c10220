//! Checks of funds, tranches, markets, prices and the ledger itself.

use super::{Check, Found, each, when};
use backstop_core::{
    State,
    policy::{EntryPrice, FundPolicy, IndexPolicy, Overflow, TranchePolicy},
    state::{Fund, Layer, Source},
};
use backstop_units::{Bps, Span};

type Rows = Vec<Found>;

fn funds(state: &State, bad: fn(&Fund) -> Option<String>) -> Rows {
    each(state.funds.iter().map(|(_, fund)| fund), "fund", |fund| fund.label, bad)
}

fn rules(state: &State, bad: fn(&FundPolicy) -> Option<String>) -> Rows {
    let funds = state.funds.iter().map(|(_, fund)| fund);
    each(funds, "fund", |fund| fund.label, |fund| bad(&fund.policy))
}

fn tranches(state: &State, bad: fn(&TranchePolicy) -> Option<String>) -> Rows {
    let tranches = state.tranches.iter().map(|(_, tranche)| tranche);
    each(tranches, "tranche", |tranche| tranche.label, |tranche| bad(&tranche.policy))
}

fn indexes(state: &State, bad: fn(&IndexPolicy) -> Option<String>) -> Rows {
    let indexes = state.indexes.iter().map(|(_, index)| index);
    each(indexes, "index", |index| index.label, |index| bad(&index.policy))
}

/// What a market's layers show.
fn markets(state: &State, bad: fn(&[&Layer]) -> Option<String>) -> Rows {
    let mut rows = Vec::new();
    for (_, market) in state.markets.iter() {
        let layers: Vec<&Layer> = state.layers_of(market).map(|(_, layer)| layer).collect();
        if let Some(got) = bad(&layers) {
            rows.push((format!("market {}", market.label), got));
        }
    }
    rows
}

/// One finding about the whole ledger.
fn ledger(bad: Option<String>) -> Rows {
    bad.map(|got| ("ledger".to_owned(), got)).into_iter().collect()
}

/// Whether what a layer pays is somebody's money that was set aside, and not taken from whoever is there.
const fn is_set_aside(source: Source) -> bool {
    matches!(source, Source::FeePool | Source::Reserve(_) | Source::Staked(_))
}

fn without_end(layers: &[&Layer]) -> Option<String> {
    let bare = layers.last().is_none_or(|layer| is_set_aside(layer.source));
    when(bare, "the rest is nobody's")
}

/// Staked layers that one event may empty.
fn without_limit(layers: &[&Layer]) -> Option<String> {
    let open = |layer: &&&Layer| {
        let p = &layer.policy;
        let limits = [p.per_event, p.per_1h, p.per_8h, p.per_24h, p.lifetime];
        matches!(layer.source, Source::Staked(_)) && limits.iter().all(Option::is_none)
    };
    let count = layers.iter().filter(open).count();
    when(count > 0, format!("{count} staked, no limit"))
}

/// The ledger, its prices, funds, tranches and markets.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "no-council",
        why: "the operator alone decides what a council would",
        advice: "`init --council KEY` for each member, or `set_council`",
        find: |state| ledger(when(state.council.keys.is_empty(), "no keys")),
    },
    Check {
        name: "council-of-one",
        why: "one stolen key decides",
        advice: "a threshold of two or more",
        find: |state| {
            let council = &state.council;
            let one = !council.keys.is_empty() && council.threshold < 2;
            ledger(when(one, format!("{} of {}", council.threshold, council.keys.len())))
        },
    },
    Check {
        name: "no-config-delay",
        why: "roles, council, splits and waterfalls change before anybody can leave",
        advice: "limits.config_delay of 3d or more, no less than the exits take",
        find: |state| {
            let delay = state.meta.limits.config_delay;
            ledger(when(delay < Span::days(1), delay))
        },
    },
    Check {
        name: "one-feed",
        why: "whoever moves one feed decides who is liquidated",
        advice: "quorum and families of 2 or more",
        find: |state| {
            indexes(state, |p| {
                let few = p.quorum < 2 || p.families < 2;
                when(few, format!("quorum {}, families {}", p.quorum, p.families))
            })
        },
    },
    Check {
        name: "old-prices",
        why: "a price of hours ago is taken for one of now",
        advice: "max_age of minutes",
        find: |state| indexes(state, |p| when(p.max_age > Span::hours(1), p.max_age)),
    },
    Check {
        name: "price-without-band",
        why: "a price that doubles within minutes is believed at once",
        advice: "band and max_jump below 1000000 (100 %)",
        find: |state| {
            indexes(state, |p| {
                let wide = p.band.get() >= 1_000_000 || p.max_jump.get() >= 1_000_000;
                when(wide, format!("band {}, max_jump {}", p.band, p.max_jump))
            })
        },
    },
    Check {
        name: "overflow-to-user",
        why: "past the threshold whoever liquidates himself gets the fund's part",
        advice: "overflow = \"treasury\"",
        find: |state| {
            rules(state, |p| {
                when(p.split.overflow == Overflow::User && p.split.fund > Bps::ZERO, "user")
            })
        },
    },
    Check {
        name: "no-threshold",
        why: "all of the reserve but gifts is excess that the operator may take",
        advice: "a threshold, from what a bad day needs",
        find: |state| funds(state, |fund| when(fund.threshold.is_zero(), "threshold 0")),
    },
    Check {
        name: "no-target",
        why: "nobody can say whether the fund is large enough",
        advice: "a target, and coverage_min below which no excess leaves",
        find: |state| funds(state, |fund| when(fund.target.is_zero(), "target 0")),
    },
    Check {
        name: "stake-frees-excess",
        why: "stakers' money lets the operator take the reserve that stands before it",
        advice: "counts_stake = false",
        find: |state| rules(state, |p| when(p.counts_stake, "counts_stake true")),
    },
    Check {
        name: "sudden-threshold",
        why: "the threshold falls and the excess is gone before stakers can leave",
        advice: "threshold_delay no shorter than the cooldown, such as 14d",
        find: |state| rules(state, |p| when(p.threshold_delay < Span::days(7), p.threshold_delay)),
    },
    Check {
        name: "sudden-withdrawal",
        why: "the operator takes excess before a loss is declared",
        advice: "withdraw_delay = \"3d\"",
        find: |state| rules(state, |p| when(p.withdraw_delay < Span::days(1), p.withdraw_delay)),
    },
    Check {
        name: "spot-entry",
        why: "who joins just before a settlement shares revenue that was earned before",
        advice: "revenue.entry = \"with_pending\"",
        find: |state| {
            rules(state, |p| {
                when(p.revenue.entry != EntryPrice::WithPending, p.revenue.entry.word())
            })
        },
    },
    Check {
        name: "short-cooldown",
        why: "stakers who see a loss coming are gone before it is placed",
        advice: "cooldown of 7d or more",
        find: |state| tranches(state, |p| when(p.cooldown < Span::days(7), p.cooldown)),
    },
    Check {
        name: "endless-claim",
        why: "a ticket that never lapses is a free option: always ready to leave, still earning",
        advice: "claim_window = \"3d\"",
        find: |state| tranches(state, |p| when(p.claim_window.is_zero(), "no end")),
    },
    Check {
        name: "stake-without-limit",
        why: "one event or one wrong report can take all of it",
        advice: "per_event and per_24h for each staked layer",
        find: |state| markets(state, without_limit),
    },
    Check {
        name: "nobody-behind-the-fund",
        why: "what the fund lacks is a loss without a bearer: accounts stay below zero, and winners can't leave",
        advice: "a last layer: socialised, adl, equity, depositors or withdrawal_haircut",
        find: |state| markets(state, without_end),
    },
    Check {
        name: "mark-unchecked",
        why: "a wrong mark of the venue makes a deficit, and the fund pays it",
        advice: "`mark`, the label of an index",
        find: |state| {
            let markets = state.markets.iter().map(|(_, market)| market);
            each(
                markets,
                "market",
                |market| market.label,
                |market| when(market.mark.is_none(), "none"),
            )
        },
    },
];
