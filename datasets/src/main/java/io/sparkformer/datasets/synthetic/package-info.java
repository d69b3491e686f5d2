/**
 * Data sets that are made, not read: digits to be reversed, and sentences that a recipe gives. They
 * are written as the tokenize job writes its own, so that whatever reads those reads these.
 *
 * <p>Uses {@code datasets}, {@code datasets.sample}, {@code datasets.tokenizer} and {@code
 * datasets.tokens}. Begin with {@link SyntheticSpec}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.datasets.synthetic;
