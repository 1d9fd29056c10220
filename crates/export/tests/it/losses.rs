//! Loss pages: golden text, and SVG that is well formed whatever stands in it.

use crate::world::{World, golden};
use backstop_core::{loss::capacity::capacities, policy::Cause, waterfall::allocate};
use backstop_export::{
    ExportError,
    loss::{History, loss_flow, loss_page, loss_svg, loss_text, what_if},
    names::Unit,
    picture::{Form, Picture, Tower, Waterfall, WaterfallLayer, waterfall_svg, waterfall_text},
};
use backstop_units::{Amount, LossId};

#[test]
fn golden_pages() {
    let world = World::full();
    for (id, _) in world.state.losses.iter() {
        let (state, history) = (&world.state, &world.history);
        golden(&format!("{id}.txt"), &loss_text(state, id, history).unwrap());
        golden(&format!("{id}.md"), &loss_page(state, id, history).unwrap());
        let svg = loss_svg(state, id, history).unwrap();
        well_formed(&svg);
        golden(&format!("{id}.svg"), &svg);
    }
}

#[test]
fn without_history_pages_say_less_and_nothing_else() {
    let world = World::full();
    let text = loss_text(&world.state, LossId::new(1), &History::default()).unwrap();
    golden("loss_1-state-only.txt", &text);
    assert!(!text.contains(" had ") && text.contains("each share lost"), "{text}");
}

#[test]
fn an_unknown_loss_is_an_error() {
    let world = World::full();
    let unknown = loss_svg(&world.state, LossId::new(99), &world.history);
    assert!(matches!(unknown, Err(ExportError::UnknownLoss(_))));
}

#[test]
fn what_layers_had_is_what_replay_finds() {
    use backstop_core::ledger::LedgerAccount as L;
    let world = World::full();
    let mut state = backstop_core::replay_genesis(&world.records[0]).unwrap();
    let mut seen = 0;
    for record in &world.records[1..] {
        let before = state.clone();
        backstop_core::replay(&mut state, record).unwrap();
        for (id, _) in state.losses.iter() {
            let Some(placing) = world.history.get(id).filter(|p| p.seq == record.seq) else {
                continue;
            };
            seen += 1;
            let (fund, tranche, market) = Default::default();
            for account in
                [L::Reserve(fund), L::Contributions(fund), L::Tranche(tranche), L::FeePool(market)]
            {
                let want = before.ledger.owed(account, backstop_units::AssetId::new(0));
                assert_eq!(placing.had(account), Some(want), "{id} {account:?}");
            }
        }
    }
    assert_eq!(seen, 3);
}

/// A picture with everything at its longest, and names that are markup.
fn hostile() -> Waterfall {
    let layer = |name: &str, capacity, draw| WaterfallLayer {
        name: name.to_owned(),
        capacity,
        used: Some(Amount::new(u128::MAX)),
        draw,
        note: "held back by a limit or by what it covers & <more>".to_owned(),
        by_users: false,
    };
    let most = Amount::MAX;
    Waterfall {
        id: "x\" onload=\"alert(1)".to_owned(),
        title: "</title><script>alert(1)</script>".to_owned(),
        facts: vec!["]]>&<!--".to_owned(), "a\u{1}b".to_owned()],
        unit: Unit { symbol: "018f2d9a-7b1c-7000-8000-0000000000aa".to_owned(), decimals: 30 },
        loss: most,
        layers: vec![
            layer("contributions to 018f2d9a-7b1c-7000-8000-0000000000aa", None, Amount::new(1)),
            layer("<b>", Some(most), most.checked_sub(Amount::new(2)).unwrap()),
        ],
        residual: Amount::new(1),
    }
}

#[test]
fn nothing_breaks_out_of_a_picture() {
    let svg = waterfall_svg(&hostile());
    well_formed(&svg);
    assert!(svg.contains("id=\"xonloadalert1-title\""), "{svg}");
    assert!(!waterfall_text(&hostile()).is_empty());
    let empty =
        Waterfall { loss: Amount::ZERO, layers: Vec::new(), residual: Amount::ZERO, ..hostile() };
    well_formed(&waterfall_svg(&empty));
}

#[test]
fn a_flow_adds_up_to_its_loss() {
    let world = World::full();
    for (id, loss) in world.state.losses.iter().filter(|(_, loss)| !loss.rows.is_empty()) {
        let flow = loss_flow(&world.state, id).unwrap();
        let rows = flow.rows.iter().fold(flow.residual.get(), |sum, row| sum + row.amount.get());
        assert_eq!(rows, loss.gross.get(), "{id}");
        let back = flow.rows.iter().fold(0, |sum, row| sum + row.recovered.get());
        let want = loss.rows.iter().fold(0, |sum, row| sum + row.recovered.get());
        assert_eq!(back + flow.residual_recovered.get(), want, "{id}");
        well_formed(&flow.svg(Form::File));
    }
}

#[test]
fn what_if_is_what_the_core_would_place() {
    let world = World::full();
    let (state, now) = (&world.state, world.state.meta.now);
    for (id, market) in state.markets.iter() {
        for loss in [0, 1, 150, 1_000_000_000] {
            let loss = Amount::new(loss);
            let picture = what_if(state, (id, loss), Cause::Bankruptcy, now).unwrap();
            let can = capacities(state, id, market, Cause::Bankruptcy, now).unwrap();
            let paid = allocate(loss, &can);
            let draws: Vec<_> = picture.layers.iter().map(|layer| layer.draw).collect();
            assert_eq!((draws, picture.residual), (paid.draws.to_vec(), paid.residual));
            well_formed(&Tower(&picture).svg(Form::Inline));
            assert_eq!(Tower(&picture).table().rows.len(), picture.layers.len() + 2);
        }
    }
}

/// Tags balance, attributes are quoted, `&` begins an entity; references stay inside.
fn well_formed(svg: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = svg;
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>'), "loose bracket near {text:?}");
        let (tag, next) = after.split_once('>').expect("an unclosed tag");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split([' ', '\n']).next().unwrap().to_owned()),
        }
        rest = next;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "left open: {open:?}");
    for entity in svg.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(known.iter().any(|known| entity.starts_with(known)), "&{entity:.10}");
    }
    let outside = svg.replace("http://www.w3.org/2000/svg", "");
    assert!(!outside.contains("http") && !outside.contains("<script"), "{svg}");
    assert!(svg.contains("<title") && svg.contains("<desc") && svg.contains("role=\"img\""));
}
