package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a mistyped command line is answered with: one line. */
class MisuseTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          tokenize --inptu a --output b            | sparkformer tokenize: there is no option '--inptu': did you mean --input?
          tokenize --inptu=a --output b            | sparkformer tokenize: there is no option '--inptu': did you mean --input?
          train --config a --dat b --output c      | sparkformer train: there is no option '--dat': did you mean --data?
          train --config a --output c --worker 2   | sparkformer train: there is no option '--worker': did you mean --workers?
          train --config a --output c --resumee    | sparkformer train: there is no option '--resumee': did you mean --resume?
          score --modl a --input b                 | sparkformer score: there is no option '--modl': did you mean --model?
          train --frobnicate                       | sparkformer train: there is no option '--frobnicate': see 'sparkformer train --help'
          tokenise --input a                       | sparkformer: there is no job 'tokenise': did you mean tokenize?
          frobnicate                               | sparkformer: there is no job 'frobnicate': see 'sparkformer --help'
          dataset verfy --data a                   | sparkformer dataset: there is no command 'verfy': did you mean verify?
          train extra --config a --output c        | sparkformer train: unexpected argument 'extra': see 'sparkformer train --help'
          train --config a                         | sparkformer train: Missing required option: '--output=DIR': see 'sparkformer train --help'
          """)
  void aMistypedWordIsNamedWithTheOneThatWasMeant(String line, String told) {
    CommandRun run = CommandRun.of(line.split(" "));

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.err()).isEqualTo(told + "\n");
    assertThat(run.out()).isEmpty();
  }
}
