/**
 * TorchScript and DJL's PyTorch engine: {@link TorchEngine} starts it; {@link TorchModule} calls a
 * module's methods and is the only class that uses DJL's JNI layer; {@link TorchArchive} makes a
 * module of source text, attributes and weights; {@link TorchScriptModel} runs one that was made
 * elsewhere.
 *
 * <p>Uses {@code datasets} alone, and knows nothing of transformers. Begin with {@link
 * TorchModule}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.torch;
