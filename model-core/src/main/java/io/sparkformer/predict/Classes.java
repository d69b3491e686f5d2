package io.sparkformer.predict;

import io.sparkformer.model.ProblemType;
import java.util.List;

/**
 * What a classifier of texts can say.
 *
 * @param labels names of the classes by id; of a regression, of its numbers
 * @param problem what its logits mean
 */
public record Classes(List<String> labels, ProblemType problem) {

  public Classes {
    labels = List.copyOf(labels);
  }
}
