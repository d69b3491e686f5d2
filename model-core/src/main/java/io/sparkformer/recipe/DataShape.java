package io.sparkformer.recipe;

import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.SplitName;
import java.util.List;

/**
 * What a recipe must know of a data set before it is opened.
 *
 * @param vocabSize token ids
 * @param labels names of the classes; empty if it has none
 * @param trainTokens tokens of the train split
 * @param trainSequences sequences of the train split
 */
public record DataShape(int vocabSize, List<String> labels, long trainTokens, long trainSequences) {

  public DataShape {
    labels = List.copyOf(labels);
  }

  public static DataShape of(DatasetManifest manifest) {
    DatasetManifest.Split train = manifest.splits().get(SplitName.TRAIN);
    return train == null
        ? ofVocabulary(manifest.vocabSize())
        : new DataShape(manifest.vocabSize(), manifest.labels(), train.tokens(), train.sequences());
  }

  /** Of a data set of which no more is known: an epoch is one step. */
  public static DataShape ofVocabulary(int vocabSize) {
    return new DataShape(vocabSize, List.of(), 0, 0);
  }
}
