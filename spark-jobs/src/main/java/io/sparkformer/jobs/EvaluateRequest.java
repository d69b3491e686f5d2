package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.train.Reading;
import java.io.Serializable;

/**
 * What the evaluate job is asked for.
 *
 * @param model a model directory
 * @param data a token data set
 * @param split the data set's split, all of which is predicted
 * @param batchSize rows that are predicted at once, at most
 * @param reading how the split becomes rows
 */
record EvaluateRequest(String model, String data, String split, int batchSize, Reading reading)
    implements Serializable {

  EvaluateRequest {
    require(!model.isBlank(), "--model is empty: give the model's directory");
    require(!data.isBlank(), "--data is empty: give the data set's directory");
    require(batchSize > 0, "--batch-size is %d: it must be at least 1", batchSize);
  }
}
