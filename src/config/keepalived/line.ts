/** A line as the lexer sees it, once definitions are replaced, that still knows where each of its characters stands. */
import type { SourceFile, Span } from "../diagnostics.js";
import { isPlainSpace } from "./white-space.js";

/** From `start` on, characters stand at `column` and behind it; with a `width`, all of them stand for so many there. */
interface Piece {
  readonly start: number;
  readonly column: number;
  readonly width: number | undefined;
}

export class Line {
  private constructor(
    readonly file: SourceFile,
    /** Counts from 1, in `file`. */
    readonly number: number,
    readonly text: string,
    private readonly pieces: readonly Piece[],
  ) {}

  static of(file: SourceFile, number: number, text: string): Line {
    return new Line(file, number, text, [{ start: 0, column: 1, width: undefined }]);
  }

  slice(start: number, end = this.text.length): Line {
    const pieces: Piece[] = [];
    for (const [index, piece] of this.pieces.entries()) {
      const next = this.pieces[index + 1]?.start ?? Number.POSITIVE_INFINITY;
      if (next <= start || (piece.start >= end && pieces.length > 0)) continue;
      const cut = Math.max(0, start - piece.start);
      pieces.push({
        start: Math.max(0, piece.start - start),
        column: piece.width === undefined ? piece.column + cut : piece.column,
        width: piece.width,
      });
    }
    return new Line(this.file, this.number, this.text.slice(start, end), pieces);
  }

  /** The same with `value` in place of the characters from `start` to `end`. */
  replace(start: number, end: number, value: string): Line {
    const { column, length } = this.span(start, end);
    const before = this.slice(0, start);
    const after = this.slice(end);
    const shift = start + value.length;
    const pieces = start === 0 ? [] : [...before.pieces];
    if (value !== "") pieces.push({ start, column, width: length });
    pieces.push(...after.pieces.map((piece) => ({ ...piece, start: piece.start + shift })));
    return new Line(this.file, this.number, before.text + value + after.text, pieces);
  }

  /** Without the white space around it, as C knows it: the lexer has a word to say about the other kinds. */
  trim(): Line {
    const { text } = this;
    let [start, end] = [0, text.length];
    while (start < end && isPlainSpace(text[start]!)) start++;
    while (end > start && isPlainSpace(text[end - 1]!)) end--;
    return start === 0 && end === text.length ? this : this.slice(start, end);
  }

  span(start: number, end: number): Span {
    const column = this.columnAt(start);
    const last = end > start ? this.endAt(end - 1) : column;
    return { file: this.file, line: this.number, column, length: Math.max(0, last - column) };
  }

  private columnAt(index: number): number {
    const piece = this.pieceAt(index);
    return piece.width === undefined ? piece.column + index - piece.start : piece.column;
  }

  private endAt(index: number): number {
    const piece = this.pieceAt(index);
    return piece.width === undefined ? piece.column + index - piece.start + 1 : piece.column + piece.width;
  }

  private pieceAt(index: number): Piece {
    let found = this.pieces[0]!;
    for (const piece of this.pieces) {
      if (piece.start > index) break;
      found = piece;
    }
    return found;
  }
}
