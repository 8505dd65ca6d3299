//! Several recipes at once: what they have in common is computed once.

use super::super::recipe::Recipe;

/// Recipes with the same averages.
pub(super) struct SameAverages {
    pub(super) recipe: Recipe,
    pub(super) layers: Vec<SameLayers>,
}

/// Of those, recipes with the same equities.
pub(super) struct SameLayers {
    pub(super) recipe: Recipe,
    /// Growth factor of each bar.
    pub(super) growth: Vec<f64>,
    /// Places of the recipes in the caller's list; they differ in what they make of the equities.
    pub(super) recipes: Vec<usize>,
}

/// Groups `recipes` for series of at most `num_bars` bars.
pub(super) fn plan(recipes: &[Recipe], num_bars: usize) -> Vec<SameAverages> {
    let mut groups: Vec<SameAverages> = Vec::new();
    for (place, recipe) in recipes.iter().enumerate() {
        let known = groups
            .iter()
            .position(|group| same_averages(&group.recipe, recipe));
        let at = known.unwrap_or(groups.len());
        if known.is_none() {
            groups.push(SameAverages {
                recipe: recipe.clone(),
                layers: Vec::new(),
            });
        }
        let layers = &mut groups[at].layers;
        match layers
            .iter_mut()
            .find(|layers| same_layers(&layers.recipe, recipe))
        {
            Some(layers) => layers.recipes.push(place),
            None => layers.push(SameLayers {
                recipe: recipe.clone(),
                growth: (0..num_bars).map(|t| recipe.growth_at(t)).collect(),
                recipes: vec![place],
            }),
        }
    }
    groups
}

fn same_averages(a: &Recipe, b: &Recipe) -> bool {
    a.lengths == b.lengths
        && a.double_start == b.double_start
        && a.hull == b.hull
        && a.adaptive_start == b.adaptive_start
}

/// Whether recipes with the same averages have the same equities, too.
#[allow(clippy::float_cmp, reason = "the same settings, not the same results")]
fn same_layers(a: &Recipe, b: &Recipe) -> bool {
    a.weights == b.weights
        && a.growth == b.growth
        && a.decay == b.decay
        && a.cutout == b.cutout
        && a.idle == b.idle
}
