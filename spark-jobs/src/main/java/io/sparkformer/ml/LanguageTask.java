package io.sparkformer.ml;

import ai.djl.Device;
import io.sparkformer.predict.LanguageModel;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;

/** What is done with a language model. */
sealed interface LanguageTask extends TextTask<LanguageModel> permits GenerateTask, PerplexityTask {

  @Override
  default LanguageModel load(String path, Configuration hadoop, Device device) throws IOException {
    return LanguageModel.open(path, hadoop, device);
  }
}
