/**
 * Recipes: all that decides the outcome of a training run apart from its data, as records that are
 * checked when they are made. {@link RecipeFile} reads the YAML: the defaults, a file over them,
 * and {@code --set key=value} over both; {@link Recipe} is what comes of it once the data set's
 * {@link DataShape} is known.
 *
 * <p>The names of keys, their defaults and their meaning are in {@code recipe-defaults.yaml} beside
 * this package's classes.
 *
 * <p>Uses {@code model}, for the model's shape, and {@code datasets} and its packages {@code
 * sample}, {@code synthetic} and {@code tokens}. Begin with {@link Recipe}.
 *
 * <p>Public API.
 */
package io.sparkformer.recipe;
