/**
 * Tensors in files, in HuggingFace's safetensors format: {@link SafeTensors} reads headers, copies
 * tensors of any number format into arrays and writes arrays, in one file or in shards, a piece at
 * a time.
 *
 * <p>Uses {@code datasets} for messages and {@code torch} for the number formats that DJL has not.
 * Begin with {@link SafeTensors}.
 *
 * <p>Public API.
 */
package io.sparkformer.safetensors;
