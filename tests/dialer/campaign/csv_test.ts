import { assertEquals, assertThrows } from "@std/assert";
import { csvLine, parseCsv } from "../../../src/dialer/campaign/csv.ts";

const cells = (text: string) => parseCsv(text).map((row) => row.cells);

Deno.test("reads cells, quoted and not, whatever ends the lines", () => {
  const rows = [["number", "name"], ["+1", 'Ann "A", Ltd'], ["+2", ""]];
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["number,name", '+1,"Ann ""A"", Ltd"', "+2,"].join(end);
    for (const whole of [text, text + end, `\ufeff${text}${end}${end}`]) {
      assertEquals(cells(whole), rows, JSON.stringify(whole));
    }
  }
});

Deno.test("a quoted cell may have lines, and rows know where they begin", () => {
  assertEquals(parseCsv('a,"1\r\n2\n3"\n\n \n,,\nb,"x"\n'), [
    { line: 1, cells: ["a", "1\r\n2\n3"] },
    { line: 7, cells: ["b", "x"] },
  ]);
});

Deno.test("a quote within a plain cell is a quote", () => {
  assertEquals(cells('a 5" pipe,b"'), [['a 5" pipe', 'b"']]);
});

Deno.test("nothing is no row", () => {
  for (const text of ["", "\n", "\ufeff", "\r\n\r\n", ",", '""']) assertEquals(parseCsv(text), []);
});

Deno.test("a quoted cell that does not end, or goes on, is told by its line", () => {
  for (const text of ['a\nb,"c\nd', 'a\n"b"c,d', 'a\n"b" ,d']) {
    assertThrows(() => parseCsv(text), SyntaxError, "line 2: a cell in quotes does not end, or goes on");
  }
});

Deno.test("what is written is read again", () => {
  const rows = [["plain", "with, comma", 'a "quote"'], ["", "lines\r\nand\nmore", " spaces "], [
    "é",
    "+1",
    '"',
  ]];
  assertEquals(cells(rows.map(csvLine).join("")), rows);
  assertEquals(csvLine(["a", "b,c", 'd"']), 'a,"b,c","d"""\r\n');
});

Deno.test("a long list is read in linear time", () => {
  const text = "number,note\n" + '+15551230000,"said ""no"" twice, then left"\n'.repeat(50_000);
  assertEquals(parseCsv(text).length, 50_001);
});
