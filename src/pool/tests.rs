mod channel;
mod completions;
