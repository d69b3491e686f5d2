package io.sparkformer.recipe;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sparkformer.datasets.sample.EpochOrder;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.synthetic.SyntheticSpec;
import java.util.List;
import java.util.Optional;

/**
 * What is trained on, and in which order; a recipe's section {@code data}.
 *
 * @param source where it comes from
 * @param samples what a row is, of a language model; a classifier's rows are sequences
 * @param order of the rows
 * @param dropLast whether what makes no whole step at an epoch's end is left out
 * @param truncate the side on which sequences longer than the context are cut
 * @param ignoreIndex a label that does not count
 * @param sentences of {@link Source#SENTENCES}
 * @param symbols of {@link Source#REVERSAL}: different digits
 * @param sequenceLength of {@link Source#REVERSAL}
 * @param trainSamples of {@link Source#REVERSAL}
 * @param validSamples of {@link Source#REVERSAL}
 */
public record DataConfig(
    Source source,
    Samples samples,
    Order order,
    boolean dropLast,
    Truncation truncate,
    long ignoreIndex,
    List<String> sentences,
    int symbols,
    int sequenceLength,
    long trainSamples,
    long validSamples) {

  /** Where data comes from. */
  public enum Source {
    /** A data set that the tokenize job made. */
    @JsonProperty("dataset")
    DATASET,
    /** Random digits; their labels are the sequence reversed. */
    @JsonProperty("reversal")
    REVERSAL,
    /** Sentences of the recipe. */
    @JsonProperty("sentences")
    SENTENCES
  }

  /** What a row of a language model's batch is. */
  public enum Samples {
    /** contextLength tokens from anywhere. */
    @JsonProperty("windows")
    WINDOWS,
    /** A document, padded or cut. */
    @JsonProperty("sequences")
    SEQUENCES
  }

  /** In which order rows come. */
  public enum Order {
    /** Drawn with replacement. */
    @JsonProperty("random")
    RANDOM,
    /** Each once an epoch, shuffled. */
    @JsonProperty("epochs")
    EPOCHS
  }

  public DataConfig {
    sentences = List.copyOf(sentences);
    require(
        source == Source.SENTENCES || sentences.isEmpty(),
        "data.sentences are given, but data.source is not sentences: set it");
  }

  /** How each split becomes rows. */
  public SampleFormat sampleFormat() {
    return new SampleFormat(samples, truncate, ignoreIndex);
  }

  public EpochOrder.Remainder remainder() {
    return dropLast ? EpochOrder.Remainder.DROP : EpochOrder.Remainder.KEEP;
  }

  /**
   * The data set that is made here, if it is not given.
   *
   * @param seed of random digits
   */
  public Optional<SyntheticSpec> synthetic(long seed) {
    return switch (source) {
      case DATASET -> Optional.empty();
      case REVERSAL ->
          Optional.of(
              new SyntheticSpec.Reversal(
                  symbols, sequenceLength, trainSamples, validSamples, seed));
      case SENTENCES -> Optional.of(new SyntheticSpec.Sentences(sentences));
    };
  }
}
