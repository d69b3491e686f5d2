package io.sparkformer.jobs;

import picocli.CommandLine.Option;

/** The options that name a classifier of texts, which may be a TorchScript module. */
public final class ClassifierArguments extends ModelArguments {

  @Option(
      names = "--trust-model",
      description =
          "Run a TorchScript module that export did not write: it is a program, which can do all that you can.")
  private boolean trust;

  /** Whether programs of others are run. */
  public boolean isTrusted() {
    return trust;
  }
}
