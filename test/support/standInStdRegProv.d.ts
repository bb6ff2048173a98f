export interface StoredValue {
  readonly name: string;
  readonly type: number;
  readonly data: string;
}

export class StdRegProv {
  readonly keys: Map<string, StoredValue[]>;
  deny: string | undefined;
  loseWrites: boolean;
}
