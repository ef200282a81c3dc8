/** What this place is, for the console: nothing of it is secret. */
export interface Setup {
  /** Whether the stand-in model answers, and not a real one. */
  readonly standIn: boolean;
  /** Whether only Twilio's requests are answered. */
  readonly signed: boolean;
  /** Whether there is an admin token to sign in with. */
  readonly signedIn: boolean;
  readonly publicUrl: string;
  /** The number Twilio calls us for, where it is known. */
  readonly phoneNumber?: string;
  /** Whether calls are recorded, unless their assistant says otherwise. */
  readonly recording: boolean;
  readonly assistants: readonly { readonly name: string; readonly languages: readonly string[] }[];
  /** Where callers may be passed on to. */
  readonly destinations: readonly {
    readonly name: string;
    readonly number: string;
    readonly about: string;
  }[];
}
