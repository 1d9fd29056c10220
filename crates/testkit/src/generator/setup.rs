//! Random setups: every policy that changes who gets which atom.

use super::steering;
use crate::world::{INDEX, Setup, label, layer, market};
use backstop_core::{
    fund::rails::check,
    policy::{
        AdlPolicy, AdlRank, AdlSelect, CancelTerms, Cause, Causes, ControlPolicy, EntryPrice,
        EquityPolicy, ExitValue, FundPolicy, IndexPolicy, LayerPolicy, LayerSource, MarketPolicy,
        Overflow, Payout, PoolPolicy, ProtocolHolding, RevenuePolicy, SplitPolicy, SplitRate,
        SplitRounding, TranchePolicy, Underwater,
    },
};
use backstop_units::{Amount, Base, Bps, Ppm, Span};
use proptest::{option, prelude::*, sample::select};

/// A world with random policies. `council`: whether one must sign, or the operator decides alone.
pub fn setup(council: bool) -> impl Strategy<Value = Setup> {
    let tranches = [tranche(), tranche(), tranche()];
    let markets = (main("jun", "sen"), main("sen", "jun"), isolated());
    let index = option::weighted(0.5, (index(), 0u32..60_000));
    let controls = [(); 2].map(|()| option::weighted(0.5, steering::rules()));
    let money = (0u128..60_000, 0u128..20_000, 0u128..5_000);
    (fund(council), tranches, (markets, index), controls, money).prop_map(
        move |(fund, tranches, (markets, index), controls, money)| {
            let (threshold, reserve, target) = money;
            let (sol, mut btc, mut doge) = markets;
            for market in [&mut btc, &mut doge] {
                market.mark = index.map(|_| label(INDEX));
                market.mark_band = Ppm::new(index.map_or(0, |(_, band)| band));
            }
            Setup {
                council: if council { (3, 2) } else { (0, 0) },
                fund,
                threshold: Amount::new(threshold),
                target: Amount::new(target),
                tranches,
                markets: [sol, btc, doge],
                index: index.map(|(policy, _)| policy),
                reserve: Amount::new(reserve),
                controls: controls.map(|policy| policy.filter(sound)),
                ..Setup::default()
            }
        },
    )
}

/// Whether a genesis may set these rules: within their rails, and with routes to accounts that are there.
fn sound(policy: &ControlPolicy) -> bool {
    let routes = policy.routes.unwrap_or_default();
    let mut accounts = [routes.lps, routes.token_holders].into_iter().flatten();
    check(policy).is_ok() && accounts.all(|account| account != label("nothing"))
}

/// Rules under which a script now and then gets a price, with hours where a venue has minutes.
fn index() -> impl Strategy<Value = IndexPolicy> {
    let least = (1u8..=3, 0u8..2);
    let spans = (select(vec![2u64, 40, 500]), select(vec![1u64, 8, 24]), select(vec![0u64, 1, 2]));
    let portions = (select(vec![5_000u32, 30_000, 1_000_000]), 10_000u32..200_000, 0u32..900_000);
    (least, spans, portions).prop_map(
        |((quorum, fewer), (age, span, confirm), (deviation, band, jump))| IndexPolicy {
            quorum,
            families: quorum.saturating_sub(fewer).max(1),
            max_age: Span::hours(age),
            max_deviation: Ppm::new(deviation),
            band: Ppm::new(band),
            band_span: Span::hours(span),
            confirm_after: Span::hours(confirm),
            max_jump: Ppm::new(band + jump),
        },
    )
}

fn fund(council: bool) -> impl Strategy<Value = FundPolicy> {
    let split = (0u32..=10_000, 0u32..=10_000).prop_map(|(a, b)| {
        let (low, high) = (a.min(b), a.max(b));
        [low, high - low, 10_000 - high].map(Bps::new)
    });
    let split = prop_oneof![Just([2_000, 3_000, 5_000].map(Bps::new)), split];
    let rounding = select(SplitRounding::ALL);
    let rate = prop_oneof![2 => Just(SplitRate::Fixed), 1 => select(SplitRate::ALL)];
    let overflow = select(Overflow::ALL);
    let rest = (any::<bool>(), select(vec![0, 5_000, 10_000]), select(vec![1u64, 24, 80]));
    (split, (rounding, rate), overflow, rest, revenue()).prop_map(
        move |([fund, liquidator, user], (rounding, rate), overflow, rest, revenue)| {
            let (counts_stake, coverage, lapse) = rest;
            let delay = if council { Span::days(2) } else { Span::ZERO };
            FundPolicy {
                split: SplitPolicy { fund, liquidator, user, rounding, overflow, rate },
                counts_stake,
                covers: Causes::INSURED,
                coverage_min: Bps::new(coverage),
                threshold_delay: delay,
                withdraw_delay: delay,
                declaration_lapse: Span::hours(lapse),
                hold_max: Span::days(7),
                revenue,
            }
        },
    )
}

fn revenue() -> impl Strategy<Value = RevenuePolicy> {
    let period = select(vec![0u64, 1, 1, 7, 24]);
    let parts = (1u32..=1_000_000, 1u32..=40_000_000, 0u32..=1_000_000);
    let factors = (0u32..=1_000_000, 0u32..=1_000_000);
    (period, parts, factors, select(EntryPrice::ALL)).prop_map(
        |(hours, (pool_share, apr_max, liquid_share), (a, b), entry)| RevenuePolicy {
            period: Span::hours(hours),
            pool_share: Ppm::new(pool_share),
            apr_max: Ppm::new(apr_max),
            liquid_share: Ppm::new(liquid_share),
            total_factor: Ppm::new(a.max(b)),
            staker_factor: Ppm::new(a.min(b)),
            entry,
        },
    )
}

fn tranche() -> impl Strategy<Value = TranchePolicy> {
    let exit_value = select(ExitValue::ALL);
    let spans = (select(vec![0u64, 0, 1, 1, 48, 336]), select(vec![0u64, 1, 24, 72]));
    let rest = (select(vec![1u128, 1, 100]), select(vec![2u16, 16]), any::<bool>(), 0u8..8);
    let shares = (select(vec![0u128, 0, 1, 5]), select(vec![0u8, 1, 1, 9]), 0u16..4);
    let terms = (select(CancelTerms::ALL), select(ProtocolHolding::ALL), any::<bool>());
    (exit_value, spans, rest, (shares, terms)).prop_map(
        |(exit_value, (cooldown, window), (stake_min, tickets_max, new_series, causes), more)| {
            let ((keeps, spare_decimals, revenue_weight), (cancel, protocol, adds)) = more;
            TranchePolicy {
                cooldown: Span::hours(cooldown),
                claim_window: Span::hours(window),
                exit_value,
                stake_min: Amount::new(stake_min),
                tickets_max,
                covers: if causes == 0 { Causes::of(&[Cause::BadDebt]) } else { Causes::INSURED },
                new_series_after_wipe: new_series,
                keeps: Amount::new(keeps),
                cancel,
                stake_while_leaving: adds,
                protocol,
                revenue_weight,
                spare_decimals,
            }
        },
    )
}

fn limited(source: LayerSource) -> impl Strategy<Value = LayerPolicy> {
    let limit = || option::weighted(0.25, (1u128..5_000).prop_map(Amount::new));
    // Who pays later can't promise to pay all.
    let later = matches!(source, LayerSource::Adl | LayerSource::Equity);
    let whole = if later { 0.0 } else { 0.15 };
    let payout = prop::bool::weighted(whole).prop_map(|whole| Payout::ALL[usize::from(whole)]);
    (limit(), limit(), limit(), limit(), limit(), payout).prop_map(
        move |(per_event, per_1h, per_8h, per_24h, lifetime, payout)| LayerPolicy {
            payout,
            per_event,
            per_1h,
            per_8h,
            per_24h,
            lifetime: lifetime.and_then(|limit| limit.checked_add(Amount::new(5_000))),
            ..layer(source)
        },
    )
}

fn underwater() -> impl Strategy<Value = Underwater> {
    prop_oneof![
        2 => Just(Underwater::Nothing),
        1 => (0u32..500).prop_map(|fee| {
            let of_deficit = fee.is_multiple_of(2);
            let fee = Bps::new(fee);
            if of_deficit { Underwater::DeficitFee { fee } } else { Underwater::FullFee { fee } }
        }),
        1 => (0u32..500, 0u128..300).prop_map(|(fee, cap)| Underwater::Bounty {
            fee: Bps::new(fee),
            cap: Amount::new(cap),
        }),
    ]
}

fn pools() -> impl Strategy<Value = PoolPolicy> {
    (0u128..800, 0u32..=1_000_000, 0u128..2_000, 0u128..500).prop_map(
        |(buffer, fee_share, period_max, imbalance_max)| PoolPolicy {
            buffer: Amount::new(buffer),
            fee_share: Ppm::new(fee_share),
            period_max: Amount::new(period_max),
            imbalance_max: Amount::new(imbalance_max),
        },
    )
}

fn adl() -> impl Strategy<Value = AdlPolicy> {
    let rule = (select(AdlRank::ALL), select(AdlSelect::ALL), any::<bool>(), any::<bool>());
    let size = (select(vec![1u128, 3]), 1u16..4, 2u32..8, select(vec![1u64, 60]));
    (rule, size).prop_map(|((rank, select, hedge_aware, gains_only), size)| AdlPolicy {
        rank,
        select,
        hedge_aware,
        gains_only,
        base_unit: Base::new(size.0),
        batch: size.1,
        candidates_max: size.2,
        deadline: Span::from_ms(size.3 * 60_000),
    })
}

fn equity() -> impl Strategy<Value = EquityPolicy> {
    let cap = select(vec![1_000_000u32, 1_000_000, 500_000, 60_000]);
    (cap, 1u16..4, 2u32..8, select(vec![1u64, 60])).prop_map(
        |(cap, batch, accounts_max, minutes)| EquityPolicy {
            cap: Ppm::new(cap),
            batch,
            accounts_max,
            deadline: Span::from_ms(minutes * 60_000),
        },
    )
}

/// Boxed: the values of three markets would not fit the stack of a test's thread.
fn rules(
    waterfall: impl Strategy<Value = Vec<LayerPolicy>> + 'static,
) -> BoxedStrategy<MarketPolicy> {
    let window = select(vec![1u64, 1, 24]);
    let pools = option::weighted(0.7, pools());
    let later = (option::weighted(0.8, adl()), option::weighted(0.8, equity()));
    let parts = (waterfall, underwater(), window, (pools, later));
    let policy =
        parts.prop_map(|(waterfall, underwater, window, (pools, (adl, equity)))| MarketPolicy {
            waterfall,
            underwater,
            event_window: Span::hours(window),
            pools,
            adl,
            equity,
            ..market(Vec::new())
        });
    policy.boxed()
}

/// A setup in which winners of the first two markets are asked before others, if there are any.
pub(super) fn winners_first() -> impl Strategy<Value = Setup> {
    let market = |first, second| {
        let behind = [
            LayerSource::Socialised,
            LayerSource::Reserve(label("main")),
            LayerSource::Staked(label(first)),
            LayerSource::Depositors,
            LayerSource::Staked(label(second)),
            LayerSource::FeePool,
            LayerSource::Equity,
        ];
        let behind = behind.map(limited);
        let layers = (limited(LayerSource::Adl), behind, 0usize..=7, any::<u8>(), 0usize..3);
        let market = rules(layers.prop_map(|(winners, behind, keep, turn, ahead)| {
            let mut layers = behind.to_vec();
            layers.rotate_left(usize::from(turn) % 7);
            layers.truncate(keep);
            let last = layers.len();
            layers.insert(ahead.saturating_sub(1).min(last), winners);
            layers
        }));
        (market, adl()).prop_map(|(market, adl)| MarketPolicy { adl: Some(adl), ..market })
    };
    (setup(false), market("jun", "sen"), market("sen", "jun")).prop_map(|(setup, sol, btc)| {
        let [_, _, doge] = setup.markets;
        Setup { markets: [sol, btc, doge], ..setup }
    })
}

fn main(first: &'static str, second: &'static str) -> impl Strategy<Value = MarketPolicy> {
    let layers = (
        limited(LayerSource::FeePool),
        limited(LayerSource::Reserve(label("main"))),
        limited(LayerSource::Staked(label(first))),
        limited(LayerSource::Staked(label(second))),
        prop_oneof![
            limited(LayerSource::Socialised),
            limited(LayerSource::Adl),
            limited(LayerSource::Equity),
            limited(LayerSource::Depositors),
        ],
    );
    let order = prop_oneof![3 => Just(false), 1 => Just(true)];
    rules((layers, order, 1usize..=5).prop_map(|((a, b, c, d, e), reverse, keep)| {
        let mut layers = vec![a, b, c, d, e];
        layers.truncate(keep.max(2));
        if reverse {
            layers.reverse();
        }
        layers
    }))
}

fn isolated() -> impl Strategy<Value = MarketPolicy> {
    let layers =
        (limited(LayerSource::Reserve(label("iso"))), limited(LayerSource::Staked(label("ijun"))));
    rules(layers.prop_map(|(reserve, staked)| vec![reserve, staked]))
}
