/**
 * UTF-8 in byte arrays: where it is malformed, how many characters it has, where a character is.
 * Texts stay bytes on their way to tokens wherever their tokenizer allows it.
 *
 * <p>Uses no other package of the project. Begin with {@link Utf8Text}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.datasets.text;
